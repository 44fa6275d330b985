// What is known of the wiring, the proposal that mends it, and the form that sets it by hand.
import { ask, follow, sentence } from "/static/frame.js";
import { judged } from "/static/verdict.js";

const INPUTS = ["l1", "l2", "l3"];
const at = (id) => document.getElementById(id);
const said = at("wiring-said");
const form = at("by-hand");
let known = null;
let touched = false;

const cell = (text, tag = "td") => Object.assign(document.createElement(tag), { textContent: text });
function row(kind, input, before, after) {
  const body = at("proposed");
  const name = (value) => value.endsWith(" reversed")
    ? sentence(body, "reversed", { phase: value.slice(0, 2) }) : value;
  const line = document.createElement("tr");
  const head = cell(sentence(body, kind, { input: input.toUpperCase() }), "th");
  head.scope = "row";
  line.append(head, cell(name(before)), cell(name(after)));
  return line;
}
function show(state) {
  known = state;
  judged(state);
  at("proposal").hidden = state.proposal === null;
  if (state.proposal !== null) {
    const rows = [];
    for (const [kind, label] of [["clamps", "clamp"], ["voltages", "voltage"]])
      for (const input of INPUTS) {
        const [before, after] = [state.set[kind][input], state.proposal[kind][input]];
        if (before !== after) rows.push(row(label, input, before, after));
      }
    at("proposed").replaceChildren(...rows);
    at("warn-all-reversed").hidden = !state.warnings.includes("all-reversed");
    at("warn-generation").hidden = !state.warnings.includes("generation");
  }
  if (!touched)
    for (const kind of ["clamps", "voltages"])
      for (const input of INPUTS) form.elements[`wiring.${kind}.${input}`].value = state.set[kind][input];
}
async function act(method, path, body, done = "done") {
  try {
    show(await ask(method, path, body));
    if (method !== "GET") {
      said.classList.add("good");
      said.textContent = said.dataset[done];
      at("wiring-undo").hidden = false;
      said.scrollIntoView({ block: "center" });
    }
    return true;
  } catch (why) {
    said.className = "said";
    said.textContent = sentence(said, why.id, { sentence: why.sentence });
    // what was pressed may stand far below
    if (method !== "GET") {
      said.focus({ preventScroll: true });
      said.scrollIntoView({ block: "center" });
    }
    return false;
  }
}
at("accept").addEventListener("click", () => act("POST", "wiring/accept", { proposal: known.proposal }, "accepted"));
at("wiring-undo").addEventListener("click", async () => {
  try {
    await ask("POST", "settings/undo", {});
    at("wiring-undo").hidden = true;
    said.textContent = "";
  } catch (why) {
    said.className = "said";
    said.textContent = sentence(said, why.id, { sentence: why.sentence });
  }
  act("GET", "wiring");
});
form.addEventListener("input", () => { touched = true; });
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const wanted = { clamps: {}, voltages: {} };
  for (const kind of ["clamps", "voltages"])
    for (const input of INPUTS) wanted[kind][input] = form.elements[`wiring.${kind}.${input}`].value;
  // what was refused stays to be mended
  if (await act("PUT", "wiring", wanted)) touched = false;
});
let before = "";
follow("wiring", (body) => {
  const now = JSON.stringify([body.verdict, body.voltage_verdict, body.sentence, body.in_force, body.proposal, body.looking_again, body.alarm?.message]);
  if (now === before) return;
  before = now;
  act("GET", "wiring");
});
follow("gone", (body) => { if (body.kind === "wiring") act("GET", "wiring"); });
act("GET", "wiring");

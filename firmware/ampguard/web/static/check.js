// The guided check: asks, shows what flows, says what was found.
import { ask, follow, number, sentence } from "/static/frame.js";

const at = (id) => document.getElementById(id);
const said = at("check-said");
const item = (text, kind) => Object.assign(document.createElement("li"), { textContent: text, className: kind ?? "" });

function show(state) {
  at("check-begin").hidden = state.runs;
  at("check-runs").hidden = !state.runs;
  if (at("check-ask").textContent !== (state.ask ?? "")) at("check-ask").textContent = state.ask ?? "";
  at("check-told").disabled = !["on", "off"].includes(state.stage);
  at("check-notes").replaceChildren(...state.notes.filter((note) => note.kind !== "result").reverse()
    .map((note) => item(`${number(note.at_s, 1)} s  ${note.sentence}`, note.kind)));
  at("check-silent").hidden = !state.meter_silent;
  const result = state.runs ? null : state.result;
  at("check-result").hidden = result === null;
  if (result === null) return;
  at("check-verdict").dataset.verdict = result.verdict;
  at("check-verdict").textContent = sentence(at("check-verdict"), result.verdict);
  at("check-sentence").textContent = result.sentence;
  at("check-answers").replaceChildren(...result.answers.map((one) => item(one)));
  at("check-next").textContent = result.next_step;
  const when = result.utc === null ? null : new Date(result.utc).toLocaleString(document.documentElement.lang);
  at("check-made").textContent = when === null ? "" : sentence(at("check-made"), "text", { when });
}
async function act(method, path, body) {
  said.textContent = "";
  try {
    show(await ask(method, `wiring/check${path}`, body));
  } catch (why) {
    said.textContent = sentence(said, why.id, { sentence: why.sentence });
  }
}
const value = (field) => field.value === "" ? null : Number(field.value);
at("check-begin").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  act("POST", "", { appliance: form.appliance.value, load_w: value(form.load_w), load_rated_v: value(form.load_rated_v) });
});
at("check-told").addEventListener("click", () => act("POST", "/told"));
at("check-end").addEventListener("click", () => act("DELETE", ""));
follow("check", () => act("GET", ""));
follow("measurement", (body) => {
  for (const cell of document.querySelectorAll("[data-flows]")) cell.textContent = number(body.current_rms_a[cell.dataset.flows], 2);
});
act("GET", "");

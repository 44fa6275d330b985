// The stimulus test: one charger is stepped; how it goes on and what it has found is told on the charger's card.
import { ask, follow, number, sentence } from "/static/frame.js";

const list = document.getElementById("charger-list");
const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
let now = null;

function show() {
  for (const one of now === null ? [] : list.children) card(one, one.dataset.id);
}
function card(shown, id) {
  const of = (what) => shown.querySelector(`[data-test="${what}"]`);
  const isLatest = now.charger === id;
  const runs = isLatest && now.runs;
  const pressed = [of("begin"), of("end")].find((one) => one === document.activeElement);
  of("begin").hidden = runs;
  of("begin").disabled = now.runs;
  of("begin").setAttribute("aria-label", sentence(of("begin"), "name", { name: shown.querySelector('[data-of="name"]').textContent }));
  of("end").hidden = !runs;
  if (runs) of("all").open = true;
  if (pressed?.hidden) of("heading").focus();  // and not the other button: who presses twice means this one
  if (!now.runs && of("said").dataset.why === "busy") say(of("said"));
  put(of("latest"), isLatest ? latest(of("latest")) : "");
  of("latest").classList.toggle("said", isLatest && now.fault !== null);
  const found = runs ? null : (isLatest && now.found?.rounds ? now.found : now.kept[id]) ?? null;
  const verdict = found?.rounds ? { true: "right", false: "wrong" }[found.protected] ?? "undecided" : null;
  of("verdict").hidden = verdict === null;
  of("verdict").dataset.verdict = verdict ?? "";
  put(of("verdict"), verdict === null ? "" : sentence(of("verdict"), verdict));
  const sentences = found?.sentences ?? [];
  if ([...of("found").children].map((one) => one.textContent).join("\n") !== sentences.join("\n"))
    of("found").replaceChildren(...sentences.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  const kept = found === null ? null : now.kept[id] ?? null;
  of("made").hidden = kept === null || !found.rounds;
  const when = kept?.utc ? new Date(kept.utc).toLocaleString(document.documentElement.lang) : of("made").dataset.noDate;
  put(of("made"), sentence(of("made"), "text", { when }));
}
function latest(shown) {
  if (now.fault) return now.fault;
  const note = now.notes.at(-1);
  if (now.runs) return note ? sentence(shown, "text", { seconds: number(note.at_s, 0), sentence: note.sentence }) : shown.dataset.begun;
  if (!now.found || now.found.rounds) return "";
  const [why] = now.found.sentences;
  return why ? sentence(shown, "nothing-because", { why }) : shown.dataset.nothing;
}
function say(said, why) {
  said.dataset.why = why?.id ?? "";
  said.textContent = why ? sentence(said, why.id, { sentence: why.sentence }) : "";
}
// Answers may overtake each other: only what was asked for later than what is shown counts.
let asked = 0, answered = 0;
async function act(method, said, body) {
  const mine = asked += 1;
  if (said) say(said);
  try {
    const told = await ask(method, "balancing/test", body);
    if (mine < answered) return;
    answered = mine;
    now = told;
    show();
  } catch (why) {
    if (said) say(said, why);
    if (why.id === "busy") act("GET");  // it may be over by now
  }
}
list.addEventListener("click", ({ target }) => {
  const shown = target.closest("li.charger");
  const said = shown?.querySelector('[data-test="said"]');
  if (target.dataset.test === "begin") act("POST", said, { charger: shown.dataset.id });
  if (target.dataset.test === "end") act("DELETE", said);
});
new MutationObserver(show).observe(list, { childList: true });  // cards come and go with the chargers
follow("charger-test", () => act("GET"));
act("GET");

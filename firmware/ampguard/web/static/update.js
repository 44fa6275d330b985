// An update: sent to the unit, and followed until it is kept or not.
import { BY_ITSELF, ask, sentence } from "/static/frame.js";

const at = (id) => document.getElementById(id);
const OVER = ["none", "kept", "refused", "returned"];
let sending = false;
let wasAway = false;

function show(told) {
  const runs = at("update-runs");
  runs.textContent = sentence(runs, told.runs === null ? "none" : "text", { version: told.runs });
  const isOver = OVER.includes(told.state) && !sending;
  at("update-form").hidden = told.runs === null || !isOver;
  const places = { version: told.version, sentence: told.sentence };
  at("update-now").textContent = sentence(at("update-now"), told.state, places);
  const bar = at("update-progress");
  bar.hidden = isOver;
  if (told.percent === null) bar.removeAttribute("value");
  else bar.value = told.percent;
  if (told.state === "refused") at("update-said").textContent = sentence(at("update-said"), told.kind ?? "other", places);
  return isOver;
}
async function look() {
  const answer = await fetch("/api/v1/update", { headers: BY_ITSELF, signal: AbortSignal.timeout(4000) }).catch(() => null);
  if (answer?.ok) {
    // the page of the version before is not that of the one that runs
    if (wasAway) return location.reload();
    if (show(await answer.json())) return;
  } else if (answer?.status === 401) {
    return location.assign("/sign-in");
  }
  wasAway ||= answer === null && !sending;
  setTimeout(look, 1500);
}
look();

at("update-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = at("update-said");
  said.textContent = "";
  sending = true;
  setTimeout(look, 300);
  try {
    await ask("PUT", "update/bundle", at("update-file").files[0]);
  } catch (why) {
    said.textContent = sentence(said, why.id, { sentence: why.sentence });
  }
  sending = false;
});

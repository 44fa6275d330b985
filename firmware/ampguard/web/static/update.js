// An update: sent to the unit, and followed until it is kept or not.
import { BY_ITSELF, ask, sentence } from "/static/frame.js";

const at = (id) => document.getElementById(id);
const OVER = ["none", "kept", "refused", "returned"];
const SOON_MS = 1500;
const IDLE_MS = 10000;
let sending = false;
let underWay = false;
let wasAway = false;
let refusal = "";
let timer;

// what is said again is not read out again
function say(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

function show(told) {
  const runs = at("update-runs");
  runs.textContent = sentence(runs, told.runs === null ? "none" : "text", { version: told.runs });
  const isOver = OVER.includes(told.state) && !sending;
  at("update-form").hidden = told.runs === null || !isOver;
  const places = { version: told.version, sentence: told.sentence };
  say(at("update-now"), sentence(at("update-now"), told.state, places));
  const from = at("update-from");
  say(from, told.who === "usb-stick" && !sending ? from.dataset.stick : "");
  const bar = at("update-progress");
  bar.hidden = isOver;
  if (told.percent === null) bar.removeAttribute("value");
  else bar.value = told.percent;
  underWay = !isOver;
  tell(told, places);
}
// why it was refused: once, so that what was said of a file since is not covered by it
function tell(told, places) {
  const said = at("update-said");
  const now = JSON.stringify(told);
  if (told.state === "refused" && now !== refusal) {
    refusal = now;
    said.textContent = sentence(said, told.kind ?? "other", places);
  } else if (!OVER.includes(told.state) && told.state !== "receiving" && refusal !== "") {
    refusal = said.textContent = "";
  }
}
async function look() {
  const answer = await fetch("/api/v1/update", { headers: BY_ITSELF, signal: AbortSignal.timeout(4000) }).catch(() => null);
  if (answer?.ok) {
    // the page of the version before is not that of the one that runs
    if (wasAway) return location.reload();
    show(await answer.json());
  } else if (answer?.status === 401) {
    return location.assign("/sign-in");
  }
  wasAway ||= answer === null && underWay && !sending;
  // somebody may put a USB stick into the unit, or a cloud may want something
  timer = setTimeout(look, underWay || wasAway ? SOON_MS : IDLE_MS);
}
look();

at("update-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = at("update-said");
  said.textContent = "";
  sending = true;
  clearTimeout(timer);
  timer = setTimeout(look, 300);
  try {
    await ask("PUT", "update/bundle", at("update-file").files[0]);
  } catch (why) {
    said.textContent = sentence(said, why.id, { sentence: why.sentence });
  }
  sending = false;
});

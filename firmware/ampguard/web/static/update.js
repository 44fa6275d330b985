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
let first;
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
  tell(told);
  const now = at("update-now");
  say(now, sentence(now, sending ? "sending" : known(told), {
    version: told.version,
    day: told.utc === null ? now.dataset.noDate : new Date(told.utc).toLocaleString(document.documentElement.lang),
    why: why(told),
  }));
  say(at("update-detail"), told.state === "returned" && !sending ? told.sentence ?? "" : "");
  const from = at("update-from");
  say(from, told.who === "usb-stick" && !sending ? from.dataset.stick : "");
  const bar = at("update-progress");
  bar.hidden = isOver;
  if (told.percent === null) bar.removeAttribute("value");
  else bar.value = told.percent;
  underWay = !isOver;
}
const why = (told) => sentence(at("update-said"), told.kind ?? "other", { sentence: told.sentence });
// a refusal that this page did not see come is a note
function known(told) {
  if (told.state !== "refused") return told.state;
  if (JSON.stringify(told) !== first) return "";
  return told.version === null ? "refused" : "refused-version";
}
// why one was refused meanwhile: once, so that what was said of a file since is not covered by it
function tell(told) {
  const said = at("update-said");
  const now = JSON.stringify(told);
  first ??= now;
  if (told.state === "refused" && now !== first && now !== refusal) {
    refusal = now;
    said.textContent = why(told);
  } else if (!OVER.includes(told.state) && told.state !== "receiving") {
    first = "";
    if (refusal !== "") refusal = said.textContent = "";
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

const stay = (event) => event.preventDefault();
at("update-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = at("update-said");
  said.textContent = "";
  sending = true;
  addEventListener("beforeunload", stay);
  clearTimeout(timer);
  timer = setTimeout(look, 300);
  try {
    const told = await ask("PUT", "update/bundle", at("update-file").files[0]);
    sending = false;
    show(told);
  } catch (met) {
    sending = false;
    said.textContent = sentence(said, met.id, { sentence: met.sentence });
  }
  removeEventListener("beforeunload", stay);
});

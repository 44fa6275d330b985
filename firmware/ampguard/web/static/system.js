// The unit: what it is, how long it runs, restarting it, giving it back; its report and its logs.
import { BY_ITSELF, ask, number, sentence } from "/static/frame.js";

const at = (id) => document.getElementById(id);
const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

const running = at("running");
function duration(seconds) {
  if (typeof seconds !== "number") return running.dataset.unknown;
  const [days, hours, minutes] = [seconds / 86400, seconds % 86400 / 3600, seconds % 3600 / 60].map(Math.floor);
  const places = { days, hours, minutes, seconds: Math.floor(seconds % 60) };
  return sentence(running, days ? "days" : hours ? "hours" : "minutes", places);
}
let boot = null;
async function look() {
  const told = await ask("GET", "system").catch(() => null);
  if (told === null) return;
  boot = told.boot;
  for (const cell of document.querySelectorAll("[data-identity]")) {
    const value = told.identity[cell.dataset.identity];
    cell.textContent = typeof value === "number" ? sentence(at("identity"), "ampere", { number: number(value, 0) }) : value ?? "–";
  }
  for (const cell of document.querySelectorAll("[data-up]"))
    cell.textContent = duration(cell.dataset.up === "unit" ? told.unit_up_s : told.processes_up_s[cell.dataset.up]);
  at("boot").textContent = told.boot ?? "–";
}
look();
setInterval(look, 10000);

// Until the unit is there again: another boot, or a session that has ended with the web.
async function comeBack(word) {
  const said = at("restarting");
  const before = boot;
  said.hidden = false;
  said.textContent = said.dataset[word];
  said.scrollIntoView();
  for (let tries = 0, gone = false; ; tries += 1) {
    await pause(2);
    const answer = await fetch("/api/v1/system", { headers: BY_ITSELF, signal: AbortSignal.timeout(4000) }).catch(() => null);
    const now = answer?.ok ? (await answer.json().catch(() => null))?.boot : undefined;
    if (answer?.status === 401 || (now !== undefined && (gone || now !== before))) return location.assign("/");
    gone ||= answer === null;
    if (tries === 60) said.textContent = said.dataset.late;
  }
}
async function ending(said, path, body, word) {
  said.textContent = "";
  try {
    await ask("POST", path, body);
  } catch (why) {
    if (why.id !== "unreachable") return void (said.textContent = sentence(said, why.id, { sentence: why.sentence }));
  }
  comeBack(word);
}
at("reboot").addEventListener("click", () => at("reboot-sure").showModal());
at("reboot-sure").addEventListener("close", (event) => {
  if (event.target.returnValue === "yes") ending(at("restart-said"), "system/reboot", undefined, "restarting");
  event.target.returnValue = "";
});
at("reset-form").addEventListener("submit", (event) => {
  event.preventDefault();
  ending(at("reset-said"), "system/factory-reset", { serial: event.target.serial.value }, "resetting");
});

const reportSaid = at("report-said");
async function report(method, body) {
  const button = at("report-form").querySelector("button");
  reportSaid.textContent = "";
  try {
    let state = await ask(method, "report", body);
    while (state.state === "busy") {
      button.disabled = true;
      at("report-done").hidden = true;
      at("report-busy").textContent = at("report-busy").dataset.text;
      await pause(1);
      state = await ask("GET", "report");
    }
    at("report-done").hidden = state.state !== "done";
    if (state.state === "failed") reportSaid.textContent = sentence(reportSaid, "other", { sentence: state.sentence });
  } catch (why) {
    reportSaid.textContent = sentence(reportSaid, why.id, { sentence: why.sentence });
  }
  button.disabled = false;
  at("report-busy").textContent = "";
}
at("report-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const { language, installer, note } = event.target;
  report("POST", { language: language.value, installer: installer.value, note: note.value });
});
report("GET");
at("report-key").addEventListener("toggle", async () => {
  const cell = at("report-fingerprint");
  cell.textContent = cell.dataset.busy;
  cell.textContent = await ask("GET", "report/key").then((told) => told.fingerprint, (why) => why.sentence);
}, { once: true });

async function log() {
  const { process, level } = at("log-form");
  const shown = at("log");
  at("log-text").href = `/api/v1/logs/${process.value}/text?level=${level.value}`;
  try {
    const lines = await ask("GET", `logs/${process.value}?level=${level.value}`);
    const when = (line) => line.utc === null ? "" : `${new Date(line.utc).toLocaleString(document.documentElement.lang)}  `;
    shown.textContent = lines.map((line) => `${when(line)}${line.level}  ${line.text}`).join("\n") || shown.dataset.empty;
    shown.scrollTop = shown.scrollHeight;
  } catch (why) {
    shown.textContent = sentence(shown, why.id, { sentence: why.sentence });
  }
}
at("log-form").addEventListener("change", log);
at("log-form").addEventListener("submit", (event) => event.preventDefault());
at("log-again").addEventListener("click", log);
log();

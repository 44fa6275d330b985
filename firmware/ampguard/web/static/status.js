// Shows on the first page what comes live.
import { ask, follow, lines, number, sentence } from "/static/frame.js";
import { judged } from "/static/verdict.js";

const PHASES = ["l1", "l2", "l3"];
const fields = new Map();
for (const element of document.querySelectorAll("[data-live]")) {
  const kind = element.dataset.live.split(".")[0];
  if (!fields.has(kind)) fields.set(kind, []);
  fields.get(kind).push([element, element.dataset.live.split(".").slice(1), Number(element.dataset.decimals)]);
}
const put = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };
function show(kind, body) {
  for (const [element, path, decimals] of fields.get(kind) ?? []) {
    let value = path.reduce((found, name) => found?.[name], body);
    if (element.dataset.scale && typeof value === "number") value *= Number(element.dataset.scale);
    put(element, number(value, decimals));
  }
}

let fullScaleA = 0;
function phasors(body) {
  const ring = Math.max(1, ...PHASES.map((phase) => body.voltage_rms_v[phase] ?? 0));
  const largest = Math.max(0.05, ...PHASES.map((phase) => body.current_rms_a[phase] ?? 0));
  // the scale follows upwards at once and downwards slowly: an arrow that shrinks means less current
  fullScaleA = Math.max(largest, fullScaleA * 0.98);
  for (const phase of PHASES) {
    const turn = body.voltage_angle_deg[phase];
    const lag = body.current_angle_deg[phase];
    arrow(`voltage.${phase}`, turn, 100 * (body.voltage_rms_v[phase] ?? 0) / ring, 110);
    const length = 80 * (body.current_rms_a[phase] ?? 0) / fullScaleA;
    arrow(`current.${phase}`, turn === null || lag === null ? null : turn - lag, length, length + 9);
  }
}
function arrow(name, angle, length, label) {
  const line = document.querySelector(`[data-phasor="${name}"]`);
  const text = document.querySelector(`[data-phasor-name="${name}"]`);
  const seen = typeof angle === "number" && length > 1;
  line.style.visibility = text.style.visibility = seen ? "visible" : "hidden";
  if (!seen) return;
  const turn = (angle + 90) * Math.PI / 180;  // L1 upwards, angles counter-clockwise
  const [x, y] = [length * Math.cos(turn), -length * Math.sin(turn)];
  line.setAttribute("x2", x.toFixed(1));
  line.setAttribute("y2", y.toFixed(1));
  text.setAttribute("x", (label * Math.cos(turn)).toFixed(1));
  text.setAttribute("y", (-label * Math.sin(turn)).toFixed(1));
}

const fuse = document.getElementById("fuse");
const fuseA = Number(fuse.dataset.mainFuseA);
function headroom(body) {
  if (!fuseA) return;
  for (const phase of PHASES) {
    const current = body.current_rms_a[phase];
    const left = document.querySelector(`[data-left="${phase}"]`);
    document.getElementById(`fuse-${phase}`).value = current ?? 0;
    put(left, typeof current === "number" ? sentence(left, "text", { amperes: number(fuseA - current, 1) }) : "–");
  }
}

const NOTHING = { voltage_rms_v: {}, voltage_angle_deg: {}, current_rms_a: {}, current_angle_deg: {}, active_power_w: {} };
function measured(body) {
  body.signed_current_a = Object.fromEntries(PHASES.map((phase) => {
    const [size, power] = [body.current_rms_a[phase], body.active_power_w[phase]];
    return [phase, typeof size === "number" && power < 0 ? -size : size];
  }));
  show("measurement", body);
  phasors(body);
  headroom(body);
  const direction = document.getElementById("direction");
  const total = body.total_active_power_w;
  put(direction, typeof total !== "number" || Math.abs(total) < 0.5 ? "" : direction.dataset[total < 0 ? "export" : "import"]);
}
follow("measurement", measured);
// no check is so good that nothing at all would differ
const LEAST_PERCENT = 0.001;
function checked(percent) {
  const known = typeof percent === "number";
  const place = document.getElementById("selfcheck");
  put(place, sentence(place, !known ? "none" : percent < LEAST_PERCENT ? "well" : "text", { number: number(Math.max(percent, LEAST_PERCENT), 3) }));
}
follow("reading", (body) => {
  show("reading", body);
  const clock = document.getElementById("clock");
  const time = body.end_utc ? new Date(body.end_utc).toLocaleTimeString(document.documentElement.lang) : "";
  put(clock, [body.clock_quality === "unsynchronised" ? clock.dataset.unsynchronised : clock.dataset.synchronised, time].filter(Boolean).join(", "));
  document.documentElement.dataset.reading = body.end_utc ?? "";
  checked(body.health?.selfcheck_percent);
});
follow("chip", (body) => show("chip", body));
const reason = document.getElementById("reason");
const news = {};
let asked = 0;
// the live sentence is in English, for programs; why it is so is asked for in the reader's language, with numbers of the last ten seconds
async function explain(kind, sentence) {
  const now = sentence.replace(/[\d.]+/g, "");
  if (news[kind] === now && Date.now() - asked < 10000) return;
  news[kind] = now;
  asked = Date.now();
  lines(reason, (await ask("GET", "wiring").catch(() => null))?.reasons ?? []);
}
follow("wiring", (body) => {
  judged(body.verdict, body.looking_again);
  explain("wiring", body.verdict + body.sentence + (body.alarm?.message ?? ""));
});
follow("condition", (body) => { if (body) explain("condition", body.voltage + body.sentence); });
const cloud = document.getElementById("cloud");
function sender(body) {
  const way = body.communication === "none" ? "none" : "network";
  put(cloud, sentence(cloud, !body.cloud ? "unset" : body.cloud_connected ? "connected" : way));
}
follow("uplink", sender);
// who was gone before this page came is not said to be gone
setTimeout(() => { if (cloud.textContent === "–") put(cloud, cloud.dataset.gone); }, 3000);
follow("lights", (body) => {
  for (const [name, colour] of Object.entries(body)) {
    const lamp = document.querySelector(`[data-light="${name}"]`);
    if (lamp) lamp.dataset.colour = colour;
    put(document.querySelector(`[data-light-word="${name}"]`), `: ${sentence(document.getElementById("lights"), colour)}`);
  }
});
// what nobody says any more is not shown as if it were so now
follow("gone", (body) => {
  show(body.kind, {});
  if (body.kind === "measurement") measured({ ...NOTHING });
  if (body.kind === "reading") {
    put(document.getElementById("clock"), "–");
    checked(null);
  }
  if (body.kind === "lights") {
    for (const lamp of document.querySelectorAll("[data-light]")) delete lamp.dataset.colour;
    for (const word of document.querySelectorAll("[data-light-word]")) put(word, "");
  }
  if (body.kind === "uplink") put(cloud, cloud.dataset.gone);
  if (body.kind === "wiring" || body.kind === "condition") {
    delete news[body.kind];
    lines(reason, []);
  }
  if (body.kind === "measurement") judged("unknown", null);
});

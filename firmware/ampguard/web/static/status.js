// Shows on the first page what comes live.
import { ask, follow, number, sentence } from "/static/frame.js";
import { judged, nothing } from "/static/verdict.js";

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
    if ("unsigned" in element.dataset && typeof value === "number") value = Math.abs(value);  // a word says which way
    put(element, number(value, decimals));
  }
}

// A phase with a clamp and without a voltage of its own: where that would stand, by those that are wired (where only
// the voltage between two phases is measured, none has an angle).
function inferred(body) {
  if (!body.quality?.includes("inferred")) return {};
  const known = PHASES.filter((phase) => typeof body.voltage_angle_deg[phase] === "number");
  const missing = PHASES.filter((phase) => !known.includes(phase) && typeof body.current_angle_deg[phase] === "number");
  const [first, last] = [known[0] ?? "l1", known.at(-1) ?? "l1"];
  const [from, to] = [first, last].map((phase) => body.voltage_angle_deg[phase] ?? 0);
  const steps = PHASES.indexOf(last) - PHASES.indexOf(first);
  const usual = ((to - from + 120 * steps + 540) % 360) - 180;
  const turn = Math.abs(usual) > 60 ? 120 : -120;
  return Object.fromEntries(missing.map((phase) => [phase, from + turn * (PHASES.indexOf(phase) - PHASES.indexOf(first))]));
}
const OF_VOLTAGE = ["active_power_w", "power_factor_ratio", "current_angle_deg"];
function mark(angles, body) {
  for (const phase of PHASES) {
    const shown = typeof body.voltage_rms_v[phase] === "number";
    document.querySelector(`[data-live="measurement.voltage_rms_v.${phase}"]`).classList.toggle("inferred", shown && phase in angles);
    for (const name of OF_VOLTAGE) document.querySelector(`[data-live="measurement.${name}.${phase}"]`).classList.toggle("inferred", phase in angles);
    document.querySelector(`[data-phasor="current.${phase}"]`).classList.toggle("inferred", phase in angles);
  }
  document.querySelector('[data-live="measurement.total_active_power_w"]').classList.toggle("inferred", Object.keys(angles).length > 0);
  document.getElementById("inferred").hidden = Object.keys(angles).length === 0;
}

let fullScaleA = 0;
function phasors(body) {
  const angles = inferred(body);
  mark(angles, body);
  const ring = Math.max(1, ...PHASES.map((phase) => body.voltage_rms_v[phase] ?? 0));
  const largest = Math.max(0.05, ...PHASES.map((phase) => body.current_rms_a[phase] ?? 0));
  // the scale follows upwards at once and downwards slowly: an arrow that shrinks means less current
  fullScaleA = Math.max(largest, fullScaleA * 0.98);
  for (const phase of PHASES) {
    const turn = body.voltage_angle_deg[phase];
    const lag = body.current_angle_deg[phase];
    arrow(`voltage.${phase}`, turn, 100 * (body.voltage_rms_v[phase] ?? 0) / ring, 110);
    const length = 80 * (body.current_rms_a[phase] ?? 0) / fullScaleA;
    const own = turn ?? angles[phase] ?? null;
    arrow(`current.${phase}`, own === null || lag === null ? null : own - lag, length, length + 9);
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
const beyond = document.getElementById("fuse-beyond");
// of a fuse that is larger than what can be measured nobody knows how much is left
follow("status", (body) => {
  const ratedA = body.unit?.rated_current_a;
  if (!fuseA) return;
  beyond.hidden = !ratedA || fuseA <= ratedA;
  put(beyond, beyond.hidden ? "" : sentence(beyond, "text", { amperes: number(ratedA, 0) }));
  for (const line of document.querySelectorAll(".headroom")) line.hidden = !beyond.hidden;
});
function headroom(body) {
  if (!fuseA || !beyond.hidden) return;
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
let news = "";
let asked = 0;
// the live sentence is in English, for programs; what is known is asked for in the reader's language, all at once, with numbers of the last ten seconds
async function explain(body) {
  const now = JSON.stringify([body.verdict, body.voltage_verdict, body.sentence, body.looking_again, body.alarm, body.in_force]).replace(/[\d.]+/g, "");
  if (news === now && Date.now() - asked < 10000) return;
  news = now;
  const mine = asked = Date.now();
  const state = await ask("GET", "wiring").catch(() => null);
  if (mine !== asked) return;
  if (state === null) news = "";
  else judged(state);
}
follow("wiring", explain);
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
const charging = document.getElementById("charging");
function balanced(word, name) {
  put(charging.firstElementChild, sentence(charging, word, { name: name || charging.dataset.unnamed }));
  charging.firstElementChild.className = ["lost", "unfit", "fault", "silent"].includes(word) ? "said" : "";
}
follow("balance", (body) => {
  charging.hidden = !body.active && !body.fault;
  balanced(!body.active ? "fault" : body.fault && body.rung !== "lost" ? "unfit" : body.rung, body.name);
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
  if (body.kind === "balance") balanced("silent");
  if (body.kind === "wiring" || body.kind === "measurement") {
    news = "";
    asked = 0;
    nothing();
  }
});

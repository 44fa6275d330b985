"use strict";
// The pages' own program: fresh values every two seconds, and the curves. Everything comes from this site's REST API.
const PHASES = ["l1", "l2", "l3"];
const FRESH_MS = 2000, CURVE_MS = 15000, ONLINE_S = 150;
const UNITS = { current_rms_a: "A", voltage_rms_v: "V", active_power_w: "W" };
const NAMES = { current_rms_a: "Current", voltage_rms_v: "Voltage", active_power_w: "Power" };
const SPANS = { 600: "10 minutes", 3600: "hour", 86400: "day", 604800: "week" };

const shown = (value, decimals) => (value === null || value === undefined ? "–" : value.toFixed(decimals));
const moment = (stamp) => `${stamp.slice(0, 10)} ${stamp.slice(11, 19)} UTC`;

async function asked(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  if (answer.status === 401) { location.reload(); }
  if (!answer.ok) { throw new Error(`${path}: ${answer.status}`); }
  return answer.json();
}

function badge(element, word) {
  element.className = `badge ${word}`;
  element.textContent = word;
}

async function freshen(live) {
  const { reading, age_s } = await asked(`/v1/devices/${live.dataset.serial}/latest`);
  if (reading === null) { return; }
  const fuse_a = Number(live.dataset.fuse);
  for (const row of live.querySelectorAll("tr[data-phase]")) {
    const phase = row.dataset.phase, current_a = reading[`current_rms_a.${phase}`];
    for (const cell of row.querySelectorAll("[data-value]")) {
      const share = fuse_a && current_a !== null ? (100 * current_a) / fuse_a : null;
      const value = cell.dataset.value === "share" ? share : reading[`${cell.dataset.value}.${phase}`];
      cell.textContent = shown(value, Number(cell.dataset.decimals));
    }
  }
  for (const cell of live.querySelectorAll("[data-total]")) {
    const value = reading[cell.dataset.total];
    cell.textContent = shown(value === null ? null : value / Number(cell.dataset.divisor || 1), Number(cell.dataset.decimals));
  }
  document.getElementById("last").textContent = moment(reading.end_utc);
  badge(document.querySelector("#state .badge"), age_s <= ONLINE_S ? "online" : "silent");
}

async function freshenCard(card) {
  const { reading, age_s } = await asked(`/v1/devices/${card.dataset.serial}/latest`);
  if (reading === null) { return; }
  const values = [[reading.total_active_power_w, 0], ...PHASES.map((phase) => [reading[`current_rms_a.${phase}`], 1])];
  card.querySelectorAll(".figures b").forEach((cell, at) => { cell.textContent = shown(...values[at]); });
  badge(card.querySelector(".badge"), age_s <= ONLINE_S ? "online" : "silent");
}

const SVG = "http://www.w3.org/2000/svg";
function drawn(parent, kind, attributes, text) {
  const element = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) { element.setAttribute(name, value); }
  if (text !== undefined) { element.textContent = text; }
  parent.append(element);
  return element;
}

// Round steps: 1, 2 or 5 times a power of ten, some four of them.
function marks(low, high) {
  const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
  const first = Math.floor(low / step), last = Math.ceil(high / step);
  const found = Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step);
  return { found, decimals: Math.max(0, -Math.floor(Math.log10(step))) };
}

function timeMarks(from, to, span_s) {
  const step_ms = 1000 * ({ 600: 120, 3600: 600, 86400: 14400, 604800: 86400 })[span_s];
  const found = [];
  for (let at = Math.ceil(from / step_ms) * step_ms; at <= to; at += step_ms) { found.push(at); }
  return found;
}

function draw(chart, curve, quantity, span_s, to) {
  const width = Math.max(320, chart.clientWidth), height = 240, left = 46, right = 10, top = 10, bottom = 26;
  const from = to - span_s * 1000;
  const times = curve.end_utc.map((stamp) => Date.parse(stamp));
  const columns = PHASES.map((phase) => curve.values[`${quantity}.${phase}`]);
  const all = columns.flat().filter((value) => value !== null);
  const fuse_a = quantity === "current_rms_a" ? Number(chart.dataset.fuse) : 0;
  const caption = document.getElementById("caption");
  chart.replaceChildren();
  if (all.length === 0) {
    caption.textContent = `No reading in the last ${SPANS[span_s]}.`;
    return;
  }
  let low = Math.min(...all), high = Math.max(...all);
  if (quantity !== "voltage_rms_v") { low = Math.min(0, low); high = Math.max(0, high); }
  if (fuse_a && high > fuse_a / 2) { high = Math.max(high, fuse_a); }
  if (high - low < 1e-6) { low -= 1; high += 1; }
  const { found, decimals } = marks(low, high);
  low = found[0]; high = found[found.length - 1];
  const x = (time) => left + ((time - from) / (to - from)) * (width - left - right);
  const y = (value) => top + ((high - value) / (high - low)) * (height - top - bottom);
  const svg = drawn(chart, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": "caption" });
  for (const value of found) {
    drawn(svg, "line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) });
    drawn(svg, "text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, value.toFixed(decimals));
  }
  for (const time of timeMarks(from, to, span_s)) {
    const iso = new Date(time).toISOString();
    drawn(svg, "line", { class: "grid", x1: x(time), x2: x(time), y1: height - bottom, y2: height - bottom + 5 });
    const text = span_s > 86400 ? iso.slice(5, 10) : iso.slice(11, 16);
    if (x(time) < width - right - 14 && x(time) > left + 8) {
      drawn(svg, "text", { x: x(time), y: height - 6, "text-anchor": "middle" }, text);
    }
  }
  if (fuse_a && fuse_a <= high) {
    drawn(svg, "line", { class: "fuse", x1: left, x2: width - right, y1: y(fuse_a), y2: y(fuse_a) });
  }
  const hole_ms = Math.max(2.6 * curve.step_s, 5) * 1000;
  const said = [];
  columns.forEach((column, at) => {
    let path = "", before = null;
    column.forEach((value, point) => {
      if (value === null) { before = null; return; }
      const move = before === null || times[point] - before > hole_ms;
      path += `${move ? "M" : "L"}${x(times[point]).toFixed(1)} ${y(value).toFixed(1)}`;
      if (move) { path += "h.1"; }
      before = times[point];
    });
    drawn(svg, "path", { class: `curve ${PHASES[at]}`, d: path });
    const known = column.filter((value) => value !== null);
    if (known.length) {
      const digits = quantity === "active_power_w" ? 0 : 1;
      said.push(`${PHASES[at].toUpperCase()} ${Math.min(...known).toFixed(digits)} to ${Math.max(...known).toFixed(digits)}`);
    }
  });
  caption.textContent = `${NAMES[quantity]} in the last ${SPANS[span_s]}, ${UNITS[quantity]}: ${said.join(" · ")}` +
    (fuse_a && fuse_a <= high ? `. Dotted: the main fuse, ${fuse_a} A.` : ".") +
    (curve.step_s > 1 ? ` Means over ${curve.step_s} s.` : "");
}

async function redraw(chart) {
  const quantity = document.querySelector("[name=quantity]:checked").value;
  const span_s = Number(document.querySelector("[name=span]:checked").value);
  const to = Date.now(), points = Math.max(60, Math.min(600, Math.round(chart.clientWidth / 2)));
  const query = new URLSearchParams({
    from_utc: new Date(to - span_s * 1000).toISOString(),
    to_utc: new Date(to).toISOString(),
    fields: PHASES.map((phase) => `${quantity}.${phase}`).join(","),
    points: String(points),
  });
  draw(chart, await asked(`/v1/devices/${chart.dataset.serial}/curve?${query}`), quantity, span_s, to);
}

// Again and again, one at a time, and only while somebody looks.
function repeat(work, every_ms) {
  const go = async () => {
    try {
      if (!document.hidden) { await work(); }
    } catch (why) {
      document.body.dataset.trouble = String(why); // the cloud may be away for a while: the last values stay
    }
    setTimeout(go, every_ms);
  };
  go();
}

const live = document.getElementById("live");
if (live) { repeat(() => freshen(live), FRESH_MS); }
const cards = [...document.querySelectorAll(".card[data-serial]")];
if (cards.length) { repeat(() => Promise.all(cards.slice(0, 12).map(freshenCard)), 2 * FRESH_MS); }
const chart = document.getElementById("chart");
if (chart) {
  repeat(() => redraw(chart), CURVE_MS);
  for (const choice of document.querySelectorAll(".choices input")) {
    choice.addEventListener("change", () => redraw(chart));
  }
  let waiting = 0;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(() => redraw(chart), 200); });
}

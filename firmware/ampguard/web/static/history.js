// The history: a chart out of the journal, zoomed by mouse, finger or key; its values in a table, too.
import { ask, follow, number, sentence } from "/static/frame.js";

const at = (id) => document.getElementById(id);
const box = at("history"), chart = at("chart"), cross = at("history-at"), said = at("history-said");
const lang = document.documentElement.lang, HIGH = 274, LEFT = 50, TOP = 24, BOTTOM = 24, LONGEST = 400 * 86400, SHORTEST = 60;
const NS = "http://www.w3.org/2000/svg", CLASSES = { l1: "l1", l2: "l2", l3: "l3", total: "l2", import: "l2", export: "l1" };
const view = { span: 3600, to: null };  // seconds; the end in seconds since 1970, null: now, and it follows
let data = null, scale = null, asked = 0, weight = 0, heardAt = 0, before = null;  // the last view with something in it

const quantity = () => at("history-quantity").selectedOptions[0];
const shape = (name, marks, text) => {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(marks)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};
const shown = (value) => typeof value !== "number" ? "–" : `${number(value, Number(quantity().dataset.decimals))} ${quantity().dataset.unit}`;
const time = (seconds, style) => new Intl.DateTimeFormat(lang, style).format(seconds * 1000);
const moment = (seconds) => time(seconds, { dateStyle: "medium", timeStyle: data.step < 60 ? "medium" : "short" });
const lines = () => Object.entries(data.series).filter(([name]) => name in CLASSES);
const end = () => data.first + data.count * data.step;

async function load() {
  const mine = ++asked;
  const span = view.to === null ? `span_s=${view.span}` : `from=${utc(view.to - view.span)}&to=${utc(view.to)}`;
  links(span);
  try {
    const body = await ask("GET", `history?quantity=${quantity().value}&${span}`);
    if (mine !== asked) return;
    data = { ...body, first: Date.parse(body.first_utc) / 1000, step: body.step_s };
    weight = 0;
    heardAt = Date.now();
    cross.max = data.count - 1;
    cross.value = data.count - 1;
    said.textContent = "";
    draw();
    empty();
  } catch (why) {
    if (mine !== asked) return;
    said.textContent = sentence(said, why.id ?? "other", { sentence: why.sentence ?? "" });
    if (why.retry_after_s) setTimeout(() => mine === asked && load(), why.retry_after_s * 1000);
  }
}
// A time in which nothing was kept says so, and leads back.
function empty() {
  const isEmpty = lines().every(([, line]) => line.values.every((one) => one === null));
  if (!isEmpty) before = { ...view };
  at("history-empty").textContent = isEmpty ? sentence(at("history-empty"), "text") : "";
  at("history-back").hidden = !isEmpty || before === null;
}
at("history-back").addEventListener("click", () => {
  Object.assign(view, before);
  cross.focus();
  load();
});
const utc = (seconds) => new Date(seconds * 1000).toISOString();
function links(span) {
  for (const form of ["csv", "json"]) at(`history-${form}`).href = `/api/v1/history.${form}?${span}`;
  for (const button of box.querySelectorAll("[data-span]"))
    button.setAttribute("aria-pressed", String(view.to === null && Number(button.dataset.span) === view.span));
}

function draw() {
  const wide = chart.clientWidth;
  if (!data || !wide) return;
  const found = lines(), all = found.flatMap(([, line]) => [...line.values, ...line.least, ...line.most]).filter((one) => one !== null);
  let low = Math.min(...all), high = Math.max(...all);
  if (!all.length) [low, high] = [0, 1];
  const least = Number(quantity().dataset.least);  // noise is not to look like a storm
  if (high - low < least) [low, high] = [(low + high - least) / 2, (low + high + least) / 2];
  const tick = nice((high - low) / 4), right = wide - 4;
  [low, high] = [Math.floor(low / tick) * tick, Math.ceil(high / tick) * tick];
  scale = { x: (seconds) => LEFT + (seconds - data.first) / (end() - data.first) * (right - LEFT),
    y: (value) => TOP + (high - value) / (high - low) * (HIGH - TOP - BOTTOM), right };
  const parts = [shape("text", { class: "unit", x: LEFT - 5, y: TOP - 12, "text-anchor": "end" }, quantity().dataset.unit)];
  for (let n = 0; low + n * tick <= high + tick / 2; n++) {
    const value = low + n * tick, y = scale.y(value);
    parts.push(shape("path", { class: "rule", d: `M${LEFT} ${y}H${right}` }),
      shape("text", { x: LEFT - 5, y: y + 4, "text-anchor": "end" }, number(value, Math.max(0, -Math.floor(Math.log10(tick) + 1e-9)))));
  }
  for (const [seconds, text] of ticks((right - LEFT) / 74)) {
    const x = scale.x(seconds);
    parts.push(shape("path", { class: "rule", d: `M${x} ${TOP}V${HIGH - BOTTOM}` }));
    if (x > LEFT - 6 && x < right - 16) parts.push(shape("text", { x, y: HIGH - 7, "text-anchor": "middle" }, text));
  }
  const middle = (n) => scale.x(data.first + (n + 0.5) * data.step).toFixed(1), y = (value) => scale.y(value).toFixed(1);
  for (const [name, line] of found) {
    let band = "", path = "";
    for (const [from, to] of runs(line.values)) {
      const along = Array.from({ length: to - from }, (_, n) => from + n);
      path += `M${along.map((n) => `${middle(n)} ${y(line.values[n])}`).join("L")}${to - from === 1 ? "h.1" : ""}`;
      if (line.least.length)
        band += `M${along.map((n) => `${middle(n)} ${y(line.most[n])}`).join("L")}L${along.reverse().map((n) => `${middle(n)} ${y(line.least[n])}`).join("L")}Z`;
    }
    const group = shape("g", { class: `${CLASSES[name]} line-${name}` });
    group.append(shape("path", { class: "band", d: band }), shape("path", { class: "mean", d: path }));
    parts.push(group);
  }
  parts.push(shape("path", { id: "chart-cross", d: "" }), shape("rect", { id: "chart-chosen", y: TOP, height: HIGH - TOP - BOTTOM, width: 0 }));
  chart.setAttribute("viewBox", `0 0 ${wide} ${HIGH}`);
  chart.setAttribute("aria-label", sentence(chart, "text", { quantity: `${quantity().text} (${quantity().dataset.unit})`, from: moment(data.first), to: moment(end()) }));
  chart.replaceChildren(...parts);
  summary(found);
  point();
  at("history-undated").hidden = !data.undated;
  at("history-undated").textContent = sentence(at("history-undated"), "text", { count: number(data.undated, 0) });
  at("history-damaged").hidden = !data.damaged;
  at("history-damaged").textContent = sentence(at("history-damaged"), "text", { count: number(data.damaged, 0) });
}
function runs(values) {
  const found = [];
  values.forEach((value, n) => {
    if (value === null) return;
    if (found.at(-1)?.[1] === n) found.at(-1)[1] = n + 1; else found.push([n, n + 1]);
  });
  return found;
}
function nice(rough) {
  const ten = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].find((one) => one * ten >= rough * 0.999) * ten;
}
// Moments at round local times, with their words; no more than fit.
function ticks(most) {
  const span = end() - data.first, day = 86400, begin = new Date(data.first * 1000), found = [];
  const step = [1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, day, 2 * day, 7 * day].find((one) => span / one <= most);
  const [year, month, date] = [begin.getFullYear(), begin.getMonth(), begin.getDate()];
  const months = step ? 0 : Math.ceil(span / (30.4 * day) / most);
  const first = step && step < day ? Math.floor((data.first - new Date(year, month, date) / 1000) / step) : 0;
  for (let n = first; ; n++) {
    const one = months ? new Date(year, month + n * months, 1) : step < day ? new Date(year, month, date, 0, 0, n * step) : new Date(year, month, date + n * step / day);
    if (one / 1000 > end()) return found;
    if (one / 1000 < data.first) continue;
    const isMidnight = one.getHours() + one.getMinutes() + one.getSeconds() === 0;
    found.push([one / 1000, time(one / 1000, months ? { month: "short", year: "2-digit" } : isMidnight ? { day: "numeric", month: "short" }
      : step < 60 ? { timeStyle: "medium" } : { timeStyle: "short" })]);
  }
}
function summary(found) {
  const columns = found.map(([, line]) => {
    const values = line.values.filter((one) => one !== null), most = line.most.filter((one) => one !== null), least = line.least.filter((one) => one !== null);
    const extreme = (list, pick) => list.length ? list.reduce((a, b) => pick(a, b)) : null;
    return { moment: null, lowest: extreme(least.length ? least : values, Math.min), highest: extreme(most.length ? most : values, Math.max), latest: values.at(-1) };
  });
  const corner = document.createElement("td");
  at("history-lines").replaceChildren(corner, ...found.map(([name]) => {
    const head = document.createElement("th");
    const key = shape("svg", { class: `key ${CLASSES[name]} line-${name}`, viewBox: "0 0 28 8", "aria-hidden": "true" });
    key.append(shape("path", { class: "mean", d: "M1 4H27" }));
    head.scope = "col";
    head.append(key, ` ${sentence(box, name)}`);
    return head;
  }));
  for (const which of ["moment", "lowest", "highest", "latest"]) {
    const row = at(`history-${which}`);
    row.replaceChildren(row.firstElementChild, ...columns.map((column) => Object.assign(document.createElement("td"), { textContent: shown(column[which]) })));
  }
}
function point() {
  if (!data || !scale) return;
  const n = Math.min(Number(cross.value), data.count - 1), seconds = data.first + n * data.step, x = scale.x(seconds + data.step / 2);
  at("chart-cross").setAttribute("d", `M${x} ${TOP}V${HIGH - BOTTOM}`);
  const found = lines(), [head, ...cells] = at("history-moment").cells;
  head.textContent = moment(seconds);
  found.forEach(([, line], index) => { cells[index].textContent = shown(line.values[n]); });
  cross.setAttribute("aria-valuetext", `${moment(seconds)}: ${found.map(([name, line]) => `${sentence(box, name)} ${shown(line.values[n])}`).join(", ")}`);
}

const now = () => view.to ?? (data ? end() : Date.now() / 1000);
function show(from, to) {
  const span = Math.min(LONGEST, Math.max(SHORTEST, to - from)), middle = (from + to) / 2;
  view.span = Math.round(span);
  view.to = Math.min(middle + span / 2, Math.max(Date.now() / 1000, now()));
  load();
}
const move = { in: [0.25, 0.75], out: [-0.5, 1.5], left: [-0.5, 0.5], right: [0.5, 1.5] };
for (const button of box.querySelectorAll("[data-move]")) button.addEventListener("click", () => {
  if (!data) return;
  const span = Math.max(view.span, end() - data.first);  // what is shown: no less than one of the readings that were kept
  const [from, to] = move[button.dataset.move].map((part) => now() - span * (1 - part));
  show(from, to);
});
for (const button of box.querySelectorAll("[data-span]")) button.addEventListener("click", () => {
  Object.assign(view, { span: Number(button.dataset.span), to: null });
  load();
});
at("history-quantity").addEventListener("change", load);
cross.addEventListener("input", point);

// Pointers: one shows the values and, drawn across, chooses a span; two pinch.
const down = new Map();
const seconds = (x) => data.first + (x - LEFT) / (scale.right - LEFT) * (end() - data.first);
const place = (event) => Math.min(scale.right, Math.max(LEFT, event.clientX - chart.getBoundingClientRect().left));
const apart = (which) => { const [a, b] = [...down.values()].map((one) => one[which]); return [Math.min(a, b), Math.max(a, b)]; };
chart.addEventListener("pointerdown", (event) => {
  if (!data || down.size > 1) return;
  down.set(event.pointerId, { from: place(event), to: place(event) });
  chart.setPointerCapture(event.pointerId);
});
chart.addEventListener("pointermove", (event) => {
  if (!data) return;
  const mine = down.get(event.pointerId);
  cross.value = Math.floor((seconds(place(event)) - data.first) / data.step);
  point();
  if (!mine) return;
  mine.to = place(event);
  const one = down.size === 1 ? [Math.min(mine.from, mine.to), Math.max(mine.from, mine.to)] : [0, 0];
  at("chart-chosen").setAttribute("x", one[0]);
  at("chart-chosen").setAttribute("width", one[1] - one[0]);
});
function up(event) {
  const mine = down.get(event.pointerId);
  if (!mine) return;
  if (event.type === "pointerup" && down.size === 2) {
    const [before, after] = [apart("from"), apart("to")], share = (before[1] - before[0]) / Math.max(20, after[1] - after[0]);
    const middle = seconds((before[0] + before[1]) / 2), half = (end() - data.first) * share / 2;
    down.clear();
    show(middle - half, middle + half);
  } else if (event.type === "pointerup" && Math.abs(mine.to - mine.from) > 8) {
    show(seconds(Math.min(mine.from, mine.to)), seconds(Math.max(mine.from, mine.to)));
  }
  down.delete(event.pointerId);
  at("chart-chosen")?.setAttribute("width", 0);
}
for (const kind of ["pointerup", "pointercancel"]) chart.addEventListener(kind, up);

// Each second's reading goes on where the chart ends; longer points are asked for again now and then.
follow("reading", (body) => {
  if (view.to !== null || !data || document.hidden || down.size) return;
  const name = quantity().value, ends = Date.parse(body.end_utc ?? "") / 1000;
  const isStale = Date.now() - heardAt > Math.max(15, data.step) * 1000;
  if (data.interval !== "1s" || !(name in body) || name === "energy" || !(ends - end() < 10 * data.step)) {
    if (isStale) load();
    return;
  }
  if (document.hidden) return;
  let n = Math.floor((ends - data.first) / data.step);
  if (n < data.count - 1) return;
  for (; n >= data.count && n > 0; n--) {
    data.first += data.step;
    weight = 0;
    for (const line of Object.values(data.series)) for (const list of [line.values, line.least, line.most]) { list.shift(); list.push(null); }
  }
  weight += 1;
  for (const [key, line] of lines()) {
    const value = key === "total" ? body[name] : body[name]?.[key], last = data.count - 1;
    if (typeof value !== "number") continue;
    const known = line.values[last];
    line.values[last] = known === null ? value : known + (value - known) / Math.max(2, weight);
    line.least[last] = Math.min(line.least[last] ?? value, value);
    line.most[last] = Math.max(line.most[last] ?? value, value);
  }
  heardAt = Date.now();
  draw();
});
new ResizeObserver(draw).observe(chart);
load();

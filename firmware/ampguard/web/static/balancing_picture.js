// Pictures of who uses the fuse: a bar for each phase, and the last minutes of each charger.
import { number, sentence } from "/static/frame.js";

const SHOWN_S = 600, LEAST_S = 60, STEP_S = 2, COLOURS = 6;
const NAMES = ["l1", "l2", "l3"];
const SVG = "http://www.w3.org/2000/svg";
export const swatch = (place) => `c${place % COLOURS + 1}`;

const drawn = (tag, facts) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(facts)) made.setAttribute(name, value);
  return made;
};

// What a charger draws on a phase of the building; without N it hangs between two of them.
function onPhase(one, phase, grid) {
  const terminal = one.phases.indexOf(phase.toUpperCase());
  return terminal < 0 ? 0 : Math.max(0, one.current_a[grid === "it" ? "l1" : NAMES[terminal]] ?? 0);
}

export function phases(root, body) {
  const fuse = body.supply_max_a;
  for (const row of root.querySelectorAll("[data-phase]")) {
    const phase = row.dataset.phase;
    const parts = body.chargers.map((one) => onPhase(one, phase, root.dataset.grid));
    const chargers = parts.reduce((sum, one) => sum + one, 0);
    const base = body.base_a?.[phase] ?? null;
    const sum = Math.max(0, base ?? 0) + chargers;
    const scale = 1000 / Math.max(1.1 * fuse, sum);
    const bar = row.querySelector("svg");
    let left = 0;
    const piece = (kind, amperes) => {
      const width = Math.max(0, amperes * scale);
      left += width;
      return drawn("rect", { class: kind, x: (left - width).toFixed(1), y: 1, width: width.toFixed(1), height: 8 });
    };
    bar.replaceChildren(
      piece("base", Math.max(0, base ?? 0)), ...parts.map((one, place) => piece(swatch(place), one)), piece("free", fuse - sum),
      drawn("path", { class: "mark", d: `M${(fuse * scale).toFixed(1)} 0V10` }),
    );
    const places = { sum: (base ?? 0) + chargers, base, chargers, fuse, free: Math.max(0, fuse - (base ?? 0) - chargers) };
    for (const [name, value] of Object.entries(places)) places[name] = number(value, name === "fuse" ? 0 : 1);
    const words = row.querySelector("[data-words]");
    const text = sentence(words, base === null ? "unmeasured" : "text", places);
    if (words.textContent !== text) words.textContent = text;
    words.className = "";
    row.classList.toggle("over", sum > fuse);
  }
}

// By charger: [seconds, limit, current on the phase with most].
const past = new Map();
export function note(one) {
  const t = performance.now() / 1000;
  const found = past.get(one.id) ?? past.set(one.id, []).get(one.id);
  const last = found.at(-1);
  if (last && last[1] === one.limit_a && t - last[0] < STEP_S) return;
  found.push([t, one.limit_a, Math.max(0, ...NAMES.map((phase) => one.current_a[phase] ?? 0))]);
  while (found[0][0] < t - SHOWN_S) found.shift();
}
export function spark(picture, one, place) {
  const found = past.get(one.id) ?? [];
  picture.classList.toggle("empty", found.length < 2);
  if (found.length < 2) return;
  const end = found.at(-1)[0];
  const span = Math.max(LEAST_S, end - found[0][0]);  // it grows until it shows all that is kept
  const most = Math.max(16, ...found.map((point) => Math.max(point[1], point[2])));
  const x = (t) => (600 - (end - t) * 600 / span).toFixed(1);
  const y = (amperes) => (96 - 92 * amperes / most).toFixed(1);
  let area = `M${x(found[0][0])} 96`, line = `M${x(found[0][0])} ${y(found[0][1])}`;
  found.forEach(([t, limit, current], number) => {
    area += `L${x(t)} ${y(current)}`;
    if (number) line += `H${x(t)}V${y(limit)}`;
  });
  picture.replaceChildren(
    drawn("path", { class: `area ${swatch(place)}`, d: `${area}V96Z` }), drawn("path", { class: "limit-line", d: line }),
    drawn("path", { class: "rule", d: "M0 96H600" }),
  );
  const limits = found.map((point) => point[1]);
  picture.setAttribute("aria-label", sentence(picture, "text", {
    minutes: number((end - found[0][0]) / 60, 0), low: number(Math.min(...limits), 0), high: number(Math.max(...limits), 0),
  }));
}

// The bench panel: shows the board four times a second, and does to it what is clicked.
const at = (id) => document.getElementById(id);
const LAMPS = ["logo", "communication_green", "communication_blue", "voltage_green", "voltage_red", "current_green", "current_red"];
at("lamps").append(...LAMPS.map((name) => Object.assign(document.createElement("li"), { id: name, className: name.split("_")[1] ?? "", textContent: name.replace("_", " ") })));

async function ask(path, body) {
  try {
    const response = await fetch(path, body && { method: "POST", headers: { "Content-Type": "application/json", "X-Bench-Panel": "1" }, body: JSON.stringify(body) });
    const content = await response.json();
    at("said").textContent = response.ok ? "" : JSON.stringify(content.detail);
    return response.ok ? content : null;
  } catch {
    at("said").textContent = "the bench does not answer";
    return null;
  }
}
function show(state) {
  if (state === null) return;
  for (const name of LAMPS) at(name).toggleAttribute("data-lit", state.lit.includes(name));
  at("button").setAttribute("aria-pressed", String(state.button === "pressed"));
  for (const button of at("heaters").children) button.setAttribute("aria-pressed", String(state.heaters_w[button.dataset.phase] > 0));
  for (const button of at("scenarios").querySelectorAll("button")) button.setAttribute("aria-current", String(button.dataset.name === state.scenario));
}
for (const button of at("heaters").children)
  button.addEventListener("click", async () => {
    const on = button.getAttribute("aria-pressed") === "true";
    show(await ask("/heater", { phase: Number(button.dataset.phase), power_w: on ? 0 : Number(at("watts").value) }));
  });

let since = null;
const press = async () => { if (since === null) { since = performance.now(); show(await ask("/button", { pressed: true })); } };
const release = async () => { if (since !== null) { since = null; at("held").textContent = ""; show(await ask("/button", { pressed: false })); } };
const finger = at("button");
finger.addEventListener("pointerdown", (event) => { finger.setPointerCapture(event.pointerId); press(); });
for (const end of ["pointerup", "pointercancel", "blur"]) finger.addEventListener(end, release);
finger.addEventListener("keydown", (event) => { if (event.key === " " && !event.repeat) { event.preventDefault(); press(); } });
finger.addEventListener("keyup", (event) => { if (event.key === " ") release(); });
window.addEventListener("pagehide", release);

for (const one of (await ask("/scenarios")) ?? []) {
  const button = Object.assign(document.createElement("button"), { type: "button" });
  button.dataset.name = one.name;
  button.append(one.name, Object.assign(document.createElement("small"), { textContent: one.story }));
  button.addEventListener("click", async () => show(await ask("/scenario", { scenario: one.name })));
  const item = document.createElement("li");
  item.append(button);
  at("scenarios").append(item);
}
setInterval(async () => {
  show(await ask("/state"));
  if (since !== null) at("held").textContent = `${((performance.now() - since) / 1000).toFixed(1)} s`;
}, 250);

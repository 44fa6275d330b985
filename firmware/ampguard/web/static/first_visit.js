// The steps of a first visit: asked for again whenever something they depend on has changed.
import { ask, follow } from "/static/frame.js";

const section = document.getElementById("steps");
const list = document.getElementById("steps-list");

function show(now) {
  for (const step of now.steps) {
    const item = list.querySelector(`[data-step="${step.id}"]`);
    const [state, why] = [item.querySelector(".state"), item.querySelector(".why")];
    item.dataset.state = step.state;
    if (step.id === now.next) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
    state.textContent = list.dataset[step.state];
    why.textContent = step.reasons.map((one) => why.getAttribute(`data-${one}`) ?? "").join(" ");
  }
  const over = now.complete && now.steps.every((step) => step.id !== "report" || step.state === "done");
  section.hidden = over && !section.dataset.stays;
  const done = document.getElementById("steps-done");
  done.hidden = !now.complete;
  done.textContent = done.dataset[over ? "over" : "report"];
  // when all is well, what is left is to have it on paper
  const next = list.querySelector(now.complete ? '[data-step="report"] a' : '[aria-current="step"] a');
  for (const place of document.querySelectorAll("[data-next-step]")) {
    // where a step is done, the next one begins
    const wanted = next !== null && now.steps.some((step) => step.id === place.dataset.nextStep && step.state === "done");
    place.hidden = !wanted;
    if (!wanted) continue;
    const link = place.querySelector("a");
    link.textContent = next.textContent;
    link.href = next.getAttribute("href");
  }
}
let soon = null;  // several changes in a row are one question
function look() {
  soon ??= setTimeout(() => {
    soon = null;
    ask("GET", "steps").then(show, () => null);
  }, 50);
}
const before = new Map();
function watch(kind, what) {
  follow(kind, (body) => {
    const now = what(body);
    if (before.get(kind) === now) return;
    before.set(kind, now);
    look();
  });
}
watch("wiring", (body) => [body.verdict, body.voltage_verdict, Boolean(body.alarm)].join());
watch("uplink", (body) => body.communication);
watch("network", (body) => body.connected);
watch("status", (body) => body.settings);
follow("gone", (body) => { if (before.delete(body.kind)) look(); });
document.addEventListener("settings-saved", look);
look();

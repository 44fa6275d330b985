// The forms of the settings: filled, looked at before they are saved, saved, followed until the unit has taken it up.
import { ask, follow, number, sentence } from "/static/frame.js";
import { read, reset, show, touched, wrongOf } from "/static/fields.js";
import { unfit } from "/static/fitting.js";
import { nameOf, wordOf } from "/static/setting_names.js";

const root = document.getElementById("settings");
const broken = document.getElementById("settings-broken");
const forms = [...root.querySelectorAll("form.settings")];
const fieldsOf = (form) => [...form.querySelectorAll("[data-field]")];
const saidOf = (form) => form.querySelector("[data-said]");
const AGAIN_MS = 2000;
let known = null;
let mark = "";
let saving = false;
const settings = () => Object.fromEntries(known.map((one) => [one.key, one]));
const told = new Map();  // what meter and uplink say, by kind
const beyond = document.getElementById("fuse-beyond");
const SAVED = ["saved", "taken", "absent", "late"];

function take(now) {
  const before = known;
  [known, mark] = [now.settings, now.mark];
  broken.hidden = true;
  root.inert = false;
  const at = settings();
  for (const field of root.querySelectorAll("[data-field]")) if (!touched(field)) show(field, at[field.dataset.field]);
  for (const form of forms) {
    const clear = form.querySelector("[data-clear-all]");
    if (clear) clear.hidden = !at[form.dataset.leads].is_set;
  }
  offer();
  links();
  return before;
}
async function look() {
  try {
    return take(await ask("GET", "settings"));
  } catch (why) {
    if (known === null) setTimeout(look, AGAIN_MS);
    if (why.id !== "unfit") return null;
    root.inert = true;
    broken.hidden = false;
    document.getElementById("settings-broken-why").textContent = why.sentence;
    return null;
  }
}

function say(form, kind, id, places) {
  const place = saidOf(form);
  place.className = `said ${kind}`;
  place.textContent = sentence(place, id, places) || sentence(root, id, places);
  // what is to be known of a value that was taken is seen where one looks then
  if (SAVED.includes(id) && form.contains(beyond) && !beyond.hidden)
    place.append(Object.assign(document.createElement("span"), { className: "line", textContent: beyond.textContent }));
}
function wrong(field, text, english) {
  const place = wrongOf(field);
  place.textContent = text;
  if (english) place.append(" ", Object.assign(document.createElement("span"), { lang: "en", textContent: `(${english})` }));
  for (const input of field.querySelectorAll('input:not([type="radio"])')) text ? input.setAttribute("aria-invalid", "true") : input.removeAttribute("aria-invalid");
}
function stopAt(form, field) {
  unfold(field);
  say(form, "", "wrong-fields");
  (field.querySelector("input:checked") ?? field.querySelector("input:not([hidden])")).focus();
}
function unfold(inner) {
  for (let folded = inner.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
}
// What a link leads to is open when one comes there.
function arrive() {
  const aim = document.getElementById(location.hash.slice(1));
  if (!root.contains(aim)) return;
  unfold(aim.querySelector(":scope > .group > summary") ?? aim);
  aim.scrollIntoView();
}
addEventListener("hashchange", arrive);
document.addEventListener("click", (event) => { if (event.target.closest('a[href*="#"]')) setTimeout(arrive); });
arrive();
// What all fields of the page say now: what is typed counts before what is set.
function wanted() {
  const found = Object.fromEntries(known.map((one) => [one.key, one.value]));
  for (const field of root.querySelectorAll("[data-field]")) if (touched(field)) found[field.dataset.field] = read(field);
  return found;
}
function looked(form) {
  const found = unfit(fieldsOf(form), wanted(), settings(), form.dataset.leads, root);
  // before somebody has tried to save it, what may still come is not missed
  if (form.dataset.tried !== "yes") for (const [key, text] of found) if ([root.dataset.missing, root.dataset.emptySome].includes(text)) found.delete(key);
  for (const field of fieldsOf(form)) wrong(field, found.get(field.dataset.field) ?? "");
  return fieldsOf(form).find((field) => found.has(field.dataset.field));
}

async function save(form, changes, again = true) {
  saving = true;
  form.querySelector("[data-undo]").hidden = true;
  say(form, "plain", "saving");
  try {
    const now = await ask("PATCH", "settings", { mark, changes });
    for (const field of fieldsOf(form)) reset(field);
    delete form.dataset.tried;
    take(now);
    document.dispatchEvent(new Event("settings-saved"));
    await takenUp(form, now.mark);
  } catch (why) {
    if (why.id === "changed-meanwhile") await meanwhile(form, changes, again);
    else refused(form, why);
  } finally {
    saving = false;
  }
}
function refused(form, why) {
  const field = fieldsOf(form).find((one) => why.sentence?.startsWith(`${one.dataset.field}: `));
  if (!field) return say(form, "", why.id, { sentence: why.sentence });
  const rest = why.sentence.slice(field.dataset.field.length + 2);
  if (why.told) wrong(field, rest);
  else wrong(field, field.dataset.unfit, rest);
  stopAt(form, field);
}
async function meanwhile(form, changes, again) {
  const before = await look();
  if (before === null) return say(form, "", "other", { sentence: "" });
  const was = Object.fromEntries(before.map((one) => [one.key, one]));
  const different = known.filter((one) => JSON.stringify([one.value, one.is_set]) !== JSON.stringify([was[one.key].value, was[one.key].is_set]));
  const shown = new Set(fieldsOf(form).map((field) => field.dataset.field));
  // what this form shows is as its reader saw it: only other parts were changed
  if (again && !different.some((one) => shown.has(one.key))) return save(form, changes, false);
  say(form, "", "meanwhile");
  const list = document.createElement("ul");
  list.append(...different.map((one) => Object.assign(document.createElement("li"), {
    textContent: sentence(root, "difference", { name: nameOf(one.key), before: worded(was[one.key]), after: worded(one) }),
  })));
  saidOf(form).append(list);
  saidOf(form).focus();
}
function worded(one) {
  if (!one.is_set) return root.dataset.isNotSet;
  if (one.secret) return root.dataset.hidden;
  const word = (value) => wordOf(one.key, value);
  return Array.isArray(one.value) ? one.value.map(word).join(", ") || "–" : word(one.value);
}

// Saved is not yet in force: the process that it is for says which version it goes by.
const PATIENCE_MS = 10000;
async function takenUp(form, wantedMark) {
  const kind = form.dataset.saidBy === "meter" ? "status" : "uplink";
  form.querySelector("[data-undo]").hidden = false;
  say(form, "good", told.has(kind) ? "saved" : "absent");
  if (!told.has(kind)) return;
  const until = Date.now() + PATIENCE_MS;
  while (mark === wantedMark && Date.now() < until) {
    if (told.get(kind)?.settings === wantedMark) return say(form, "good", "taken");
    await new Promise((go) => setTimeout(go, 100));
  }
  if (mark === wantedMark) say(form, told.has(kind) ? "" : "good", told.has(kind) ? "late" : "absent");
}
async function undo(form) {
  try {
    const now = await ask("POST", "settings/undo", mark ? { mark } : {});
    for (const field of root.querySelectorAll("[data-field]")) if (!form || form.contains(field)) reset(field);
    take(now);
    if (form) {
      form.querySelector("[data-undo]").hidden = true;
      say(form, "good", "undone");
      saidOf(form).focus();
    }
    document.dispatchEvent(new Event("settings-saved"));
  } catch (why) {
    if (!form) document.getElementById("settings-broken-why").textContent = why.sentence;
    else if (why.id === "changed-meanwhile") await meanwhile(form, {}, false);
    else say(form, "", why.id, { sentence: why.sentence });
  }
}

// A press that leaves a field must still meet what it was aimed at: nothing moves below a finger that is down.
let pressed = false;
for (const [name, is] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false]])
  document.addEventListener(name, () => { pressed = is; }, true);
function afterPress(work) {
  if (pressed) document.addEventListener("pointerup", () => setTimeout(work), { once: true });
  else work();
}

for (const form of forms) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (known === null || saving) return;
    form.dataset.tried = "yes";
    const at = looked(form);
    if (at) return stopAt(form, at);
    const was = settings();
    const changes = {};
    for (const field of fieldsOf(form).filter(touched)) {
      const [key, value] = [field.dataset.field, read(field)];
      const same = was[key].secret ? value === undefined : JSON.stringify(value) === JSON.stringify(was[key].value);
      if (!same) changes[key] = value;
    }
    if (Object.keys(changes).length === 0) return say(form, "plain", "nothing");
    save(form, changes);
  });
  form.addEventListener("input", (event) => {
    const field = event.target.closest("[data-field]");
    if (field) field.dataset.touched = "yes";
    offer();
  });
  form.addEventListener("change", () => afterPress(() => { if (known !== null) looked(form); }));
  form.querySelector("[data-undo]").addEventListener("click", () => undo(form));
  form.querySelector("[data-clear-all]")?.addEventListener("click", () => {
    const table = form.dataset.leads.split(".")[0];
    save(form, Object.fromEntries(known.filter((one) => one.is_set && one.key.startsWith(`${table}.`)).map((one) => [one.key, null])));
  });
}
document.getElementById("settings-mend").addEventListener("click", () => undo(null));

// Usual values are offered where they suit the grid; nothing is filled in by itself.
function offer() {
  const grid = root.querySelector('[name="grid_type"]:checked')?.value ?? "";
  for (const button of root.querySelectorAll("[data-fill]"))
    button.hidden = Boolean(grid && button.dataset.grids) && !button.dataset.grids.split(" ").includes(grid);
  const rated = Number(root.dataset.ratedA);
  beyond.hidden = !rated || Number(document.getElementById("set-main-fuse-a").value) <= rated;
  beyond.textContent = beyond.hidden ? "" : sentence(root, "beyond", { amperes: number(rated, 0) });
}
for (const button of root.querySelectorAll("[data-fill]"))
  button.addEventListener("click", () => {
    const input = document.getElementById(button.dataset.fill);
    input.value = button.dataset.value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
    input.focus();
  });

function links() {
  const uplink = told.get("uplink");
  for (const place of root.querySelectorAll("[data-link]")) {
    const broker = place.dataset.link === "broker";
    const leads = broker ? "mqtt.host" : "https.url";
    place.hidden = !known?.some((one) => one.key === leads && one.is_set);
    let word = uplink?.communication ?? "gone";
    if (uplink && word !== "none") {
      if (broker) word = uplink.session === "idle" ? "network" : uplink.session ?? "network";
      else word = uplink.cloud_connected ? "connected" : "network";
    }
    // the reason stays while another try is under way
    const reason = ["connecting", "waiting", "network"].includes(word) && uplink[broker ? "broker_trouble" : "cloud_trouble"];
    const text = reason ? sentence(place, "trouble", { reason }) : sentence(place, word);
    if (place.textContent !== text) place.textContent = text;
  }
}
for (const kind of ["status", "uplink"])
  follow(kind, (body) => {
    told.set(kind, body);
    if (kind === "uplink") return links();
    for (const place of root.querySelectorAll("[data-unit]")) {
      const value = body.unit?.[place.dataset.unit];
      place.textContent = typeof value === "number" ? number(value, 0) : value ?? "–";
    }
    root.dataset.ratedA = body.unit?.rated_current_a ?? "";
    offer();
    // somebody else, or the wiring below, has changed something
    if (!saving && mark && body.settings && body.settings !== mark && body.settings !== root.dataset.asked) {
      root.dataset.asked = body.settings;
      look();
    }
  });
follow("gone", (body) => {
  told.delete(body.kind);
  if (body.kind === "uplink") links();
});
look();

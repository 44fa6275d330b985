// The load-balancing group's forms: filled, looked at, saved as a whole; undone; begun and ended.
import { ask, follow, sentence } from "/static/frame.js";
import { read, reset, show, wrongOf } from "/static/fields.js";

const at = (id) => document.getElementById(id);
const form = at("group-form"), said = at("group-said"), forms = at("charger-forms");
const NEEDED = ["device", "max_offline_a", "chargers.id", "chargers.max_a", "chargers.phases", "chargers.offline_a"];
const NEW = { included: true };
let mark = null, group = null, count = 0, open = false;

const keyOf = (field) => field.dataset.field.replace("chargers.", "");
const ofGroup = () => [...form.querySelectorAll("[data-of-group] [data-field]")];
const cards = () => [...forms.children];
const fieldsOf = (card) => [...card.querySelectorAll("[data-field]")];
const shown = (from, key) => ({ value: from[key] ?? null, is_set: from[`has_${key}`] ?? (from[key] ?? null) !== null });

function say(kind, id, places = {}) {
  said.className = `said ${kind}`;
  said.textContent = sentence(form, id, places);
}
function wrong(field, text, english) {
  const place = wrongOf(field);
  place.textContent = text;
  if (english) place.append(" ", Object.assign(document.createElement("span"), { lang: "en", textContent: `(${english})` }));
  const input = field.querySelector("input, select");
  text ? input.setAttribute("aria-invalid", "true") : input.removeAttribute("aria-invalid");
}
function stopAt(field) {
  for (let folded = field.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
  say("", "wrong-fields");
  field.querySelector("input, select").focus();
}

function card(from, is) {
  count += 1;
  const made = at("charger-form").content.firstElementChild.cloneNode(true);
  for (const one of made.querySelectorAll("[id], [for], [aria-describedby]"))
    for (const name of ["id", "for", "aria-describedby"])
      if (one.hasAttribute(name)) one.setAttribute(name, one.getAttribute(name).replace(/\S+/g, `$&-${count}`));
  for (const field of fieldsOf(made)) show(field, shown(from, keyOf(field)));
  made.open = is;
  const named = () => {
    const [id, name] = ["chargers.id", "chargers.name"].map((key) => read(made.querySelector(`[data-field="${key}"]`)));
    const summary = made.querySelector("[data-name]");
    summary.textContent = name || id || summary.dataset.new;
    const button = made.querySelector("[data-remove]");
    button.textContent = sentence(button, "text", { name: summary.textContent });
  };
  made.addEventListener("input", named);
  made.querySelector("[data-remove]").addEventListener("click", () => {
    made.remove();
    form.dataset.changed = "yes";
    at("no-chargers").hidden = cards().length > 0;
    at("add-charger").focus();
  });
  named();
  forms.append(made);
  at("no-chargers").hidden = true;
  return made;
}
function take(told) {
  mark = told.mark;
  group = told.group;
  history();
  form.inert = false;
  at("group-broken").hidden = true;
  delete form.dataset.changed;
  for (const field of ofGroup()) {
    reset(field);
    show(field, shown(group ?? {}, keyOf(field)));
  }
  forms.replaceChildren();
  for (const one of group?.chargers ?? []) card(one, false);
  at("no-chargers").hidden = cards().length > 0;
  if (!open && group === null) at("group-details").open = true;
  open = true;
}
async function look() {
  try {
    take(await ask("GET", "balancing/group"));
  } catch (why) {
    if (why.id !== "unfit") return void setTimeout(look, 2000);
    at("group-broken").hidden = false;
    at("group-broken").textContent = sentence(at("group-broken"), "text", { sentence: why.sentence });
    at("group-details").open = true;
    form.inert = true;
    history();
  }
}

// All of it as the API takes it; null where something is marked as wrong.
function wanted() {
  let first = null;
  const values = (fields) => Object.fromEntries(fields.map((field) => {
    const value = read(field);
    const input = field.querySelector("input, select");
    const fits = field.dataset.control !== "number" || input.checkValidity();
    const text = !fits ? field.dataset.unfit : value === null && NEEDED.includes(field.dataset.field) ? form.dataset.missing : "";
    wrong(field, text);
    if (text) first ??= field;
    return [keyOf(field), field.dataset.control === "flag" ? value === true : value];
  }).filter(([, value]) => value !== undefined));
  const found = { ...values(ofGroup()), active: group?.active ?? false };
  found.chargers = cards().map((one) => values(fieldsOf(one)));
  if (first === null) return unset(found);
  stopAt(first);
  return null;
}
// What is empty stands for what it means to be empty; a password that is cleared is said to be.
function unset(found) {
  const kept = ([key, value]) => value !== null || ["key", "cloud_key", "capi_password", "capi_key"].includes(key);
  const filled = (one) => Object.fromEntries(Object.entries(one).filter(kept));
  return { ...filled(found), chargers: found.chargers.map(filled) };
}
async function save(body) {
  say("plain", "saving");
  try {
    take(await ask("PUT", "balancing/group", { mark, group: body }));
    say("good", "saved");
    document.dispatchEvent(new Event("group-saved"));
  } catch (why) {
    if (why.id === "changed-meanwhile") await seeAgain();
    refused(why);
  }
}
// What somebody else has set up is seen from now on; what is typed here stays.
async function seeAgain() {
  mark = (await ask("GET", "balancing/group").catch(() => ({ mark }))).mark;
  history();
}
// The unit's own word on what does not fit, at the field that it names.
function refused(why) {
  const [, number, key] = /^(?:chargers\[(\d+)\]\.)?(\w+): /.exec(why.sentence) ?? [];
  const within = number ? cards()[number - 1] : form;
  const field = key && within?.querySelector(`[data-field="${number ? "chargers." : ""}${key}"]`);
  if (!field) {
    say("", why.id, { sentence: why.sentence });
    return said.focus();
  }
  wrong(field, field.dataset.unfit, why.sentence.replace(/^[^:]*: /, ""));
  stopAt(field);
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const body = wanted();
  if (body !== null) save(body);
});
for (const kind of ["input", "change"]) form.addEventListener(kind, (event) => {
  const field = event.target.closest("[data-field]");
  if (field) field.dataset.touched = form.dataset.changed = "yes";
});
function add(from) {
  const made = card({ ...NEW, ...from }, true);
  form.dataset.changed = "yes";
  const empty = [...made.querySelectorAll("input, select")].find((one) => one.value === "");
  empty.focus();
}
at("add-charger").addEventListener("click", () => add({}));
// Who came in and is not set up is added with one press.
follow("balance", (body) => {
  const strangers = body.strangers ?? [], place = at("strangers"), list = place.querySelector("span");
  place.hidden = strangers.length === 0;
  if (list.dataset.known === strangers.join()) return;
  list.dataset.known = strangers.join();
  list.replaceChildren(...strangers.map((id) => {
    const button = Object.assign(document.createElement("button"), {
      type: "button", className: "plain small", textContent: sentence(place, "text", { name: id }),
    });
    button.addEventListener("click", () => add({ id }));
    return button;
  }));
});

// As it is set, with passwords left as they are; what is typed and not saved yet stays where it is.
async function turn(active) {
  const plain = (one) => Object.fromEntries(Object.entries(one).filter(([key, value]) => value !== null && !key.startsWith("has_")));
  const place = at("stand-said");
  place.textContent = "";
  try {
    const before = await ask("GET", "balancing/group");
    if (before.group === null) return take(before);
    const chargers = before.group.chargers.map(plain);
    const told = await ask("PUT", "balancing/group", { mark: before.mark, group: { ...plain(before.group), active, chargers } });
    if (form.dataset.changed !== "yes") take(told);
    else {
      if (before.mark === mark) mark = told.mark;
      group = told.group;
      history();
    }
    document.dispatchEvent(new Event("group-saved"));
    at("stand").focus();
  } catch (why) {
    place.textContent = sentence(place, why.id, { sentence: why.sentence });
  }
}
at("activate").addEventListener("click", () => turn(true));
at("deactivate").addEventListener("click", () => at("deactivate-sure").showModal());
at("deactivate-sure").addEventListener("close", (event) => {
  if (event.target.returnValue === "yes") turn(false);
  event.target.returnValue = "";
});

const list = at("group-changes");
async function history() {
  const told = await ask("GET", "balancing/group/history").catch(() => null);
  if (told === null) return;
  at("group-undo").hidden = told.can_undo === null && at("group-broken").hidden;
  at("group-unchanged").hidden = told.changes.length > 0;
  list.replaceChildren(...told.changes.map((one) => {
    const when = one.utc === null ? list.dataset.noDate : new Date(one.utc).toLocaleString(document.documentElement.lang);
    const what = Object.entries(one.edits).map(([key, edit]) => `${key}: ${edit.before ?? list.dataset.unset} → ${edit.after ?? list.dataset.unset}`);
    if (what.length === 0) what.push(list.dataset.order);
    if (one.undoes) what.push(sentence(list, "undoes", { number: one.undoes }));
    if (one.is_undone) what.push(list.dataset.undone);
    const text = sentence(list, "line", { number: one.number, when, who: sentence(list, one.means, { name: one.name ?? "" }), what: what.join("; ") });
    return Object.assign(document.createElement("li"), { textContent: text });
  }));
}
at("group-undo").addEventListener("click", async () => {
  try {
    take(await ask("POST", "balancing/group/undo", mark === null ? {} : { mark }));
    say("good", "undone");
    document.dispatchEvent(new Event("group-saved"));
  } catch (why) {
    if (why.id === "changed-meanwhile") await seeAgain();
    say("", why.id, { sentence: why.sentence });
  }
});
look();

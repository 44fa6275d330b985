// How the unit is connected: the networks in the air, joining one and living through it, the unit's own Wi-Fi.
import { ask, follow, lines, sentence } from "/static/frame.js";

const at = (id) => document.getElementById(id);
const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));
const word = (element, name) => element.getAttribute(`data-${name.replaceAll("_", "-")}`) ?? "";
const made = (tag, text, className = "") => Object.assign(document.createElement(tag), { textContent: text, className });
const failed = (said, why) => { said.textContent = sentence(said, why.id, { sentence: why.sentence }); };
// What has not changed is not touched: a screen reader would say it again, and the keyboard would lose its place.
function put(element, text) { if (element.textContent !== text) element.textContent = text; }
const UNDER_WAY = ["leaving", "associating", "addressing", "checking", "keeping", "restoring"];

let now = null; // what the unit said last
let heard = { networks: [], age_s: null };
let heardAt = 0;
let closesAt = null;
let marked = null; // the network that the list says is in use
let chosen = null; // the network in the form; null: one by name
let following = false;
let scanning = false;

function bars(count) {
  const svg = at("bars").content.firstElementChild.cloneNode(true);
  svg.dataset.bars = count;
  return svg;
}
const air = at("air");
const signal = (one) => [sentence(air, "signal", { dbm: one.signal_dbm }), sentence(air, "bars", { bars: one.bars })].join(", ");
const inUse = () => now?.wifi.reception?.ssid_hex;
// The radio is either its own Wi-Fi or in a network; what is saved and in reach then waits until that closes.
const isBlocked = () => now.access_point.open && !now.access_point.beside_network;
const waiting = () => new Intl.ListFormat(document.documentElement.lang, { type: "disjunction" })
  .format(isBlocked() ? now.saved.filter((one) => one.in_reach).map((one) => one.ssid) : []);

// What the unit says of itself.
function show(told) {
  now = told;
  const links = at("now");
  at("no-manager").hidden = told.manager;
  at("no-meter").hidden = true;
  at("lan-state").textContent = word(links, told.lan.state);
  at("lan-address").textContent = told.lan.address ?? "–";
  at("wifi-state").textContent = word(links, told.wifi.state);
  at("wifi-address").textContent = told.wifi.state === "joined" ? told.wifi.address ?? "–" : "–";
  const reception = told.wifi.reception;
  at("wifi-name").textContent = reception?.ssid ?? "–";
  at("wifi-signal").replaceChildren(...(reception ? [bars(reception.bars), ` ${signal(reception)}`] : ["–"]));
  at("name").textContent = told.name;
  showOwn(told);
  showResult(told);
  showSaved(told);
  if (marked !== inUse()) showAir();
  at("air-blocked").hidden = at("scan-closing").hidden = !isBlocked();
  at("scan").hidden = isBlocked();
  at("before").textContent = sentence(at("before"), told.access_point.beside_network ? "beside" : "instead", places());
  for (const button of at("main").querySelectorAll("button")) {
    if (!button.closest("dialog")) button.disabled = !told.manager || (scanning && button.id.startsWith("scan"));
  }
  if (UNDER_WAY.includes(told.join)) watch();
}
const places = () => ({ own: now.access_point.ssid, address: `http://${now.name}/`, name: chosen?.ssid ?? at("ssid").value });

function showOwn(told) {
  const own = told.access_point;
  put(at("own"), sentence(at("own"), own.open ? "open" : "closed", { own: own.ssid }));
  at("own-close").hidden = !own.open;
  put(at("own-open"), sentence(at("own-open"), own.open ? "longer" : "open"));
  closesAt = own.closes_in_s === null ? null : performance.now() / 1000 + own.closes_in_s;
  put(at("waiting-join"), sentence(at("waiting-join"), "text", { name: waiting() }));
  tick();
}
function tick() {
  const left = closesAt === null ? 0 : Math.max(0, Math.round(closesAt - performance.now() / 1000));
  at("own-left").hidden = closesAt === null;
  at("own-left").textContent = sentence(at("own-left"), "text", { minutes: Math.floor(left / 60), seconds: left % 60 });
  at("waiting").hidden = closesAt === null || following || waiting() === "";
  put(at("waiting-text"), sentence(at("waiting-text"), "text", { minutes: Math.ceil(left / 60), name: now === null ? "" : waiting() }));
}
setInterval(tick, 1000);

function showResult(told) {
  const last = told.last_join;
  at("result").hidden = last === null || last.outcome === "under_way" || following
    || (last.outcome === "joined" && told.wifi.state !== "joined");
  if (at("result").hidden) return;
  const text = at("result-text");
  text.dataset.outcome = last.outcome;
  put(text, sentence(text, last.outcome, { name: last.ssid }));
  put(at("result-reason"), last.reason === null ? "" : word(at("result-reason"), last.reason) || last.sentence);
  at("result-weak").hidden = !last.weak;
}

// The networks in the air.
function showAir() {
  marked = inUse();
  at("air-none").hidden = heard.age_s === null || heard.networks.length > 0;
  showAge();
  air.replaceChildren(...heard.networks.map(row));
}
function showAge() {
  const age = heard.age_s === null ? null : heard.age_s + (performance.now() - heardAt) / 1000;
  put(at("air-age"), age === null ? at("air-age").dataset.never
    : sentence(at("air-age"), age < 60 ? "now" : "ago", { minutes: Math.floor(age / 60) }));
}
function row(one) {
  const item = document.createElement("li");
  const name = document.createElement("div");
  const facts = [signal(one), word(air, one.security)];
  if (one.known) facts.push(air.dataset.known);
  if (one.ssid_hex === inUse()) facts.push(air.dataset.inUse);
  name.append(made("b", one.ssid), made("span", facts.join(" · "), "facts"));
  item.append(bars(one.bars), name);
  if (one.usable) {
    const choose = made("button", air.dataset.choose, "plain");
    choose.type = "button";
    choose.disabled = !now?.manager;
    choose.setAttribute("aria-label", sentence(air, "choose-name", { name: one.ssid }));
    choose.addEventListener("click", () => choosing(one));
    item.append(choose);
  }
  const warnings = [];
  if (one.only_5_ghz) warnings.push(air.dataset.only);
  else if (!one.usable) warnings.push(word(air, `cannot-${one.security}`));
  if (one.weak) warnings.push(air.dataset.weak);
  if (warnings.length) {
    const warning = made("p", "", "warning");
    lines(warning, warnings);
    item.append(warning);
  }
  return item;
}
function take(told) {
  heard = told;
  heardAt = performance.now();
  showAir();
}
async function scan(closing) {
  const said = at("scan-said");
  said.textContent = "";
  const before = at("air-age").textContent;
  at("air-age").textContent = at("air-age").dataset.busy;
  scanning = at("scan").disabled = at("scan-closing").disabled = true;
  try {
    const told = await ask("POST", "network/scan", { close_access_point: closing });
    if (!closing) return take(told);
    said.textContent = said.dataset.thrown;
    const begun = performance.now();
    while (performance.now() - begun < 120000) {
      await pause(2);
      const fresh = await ask("GET", "network/networks").catch(() => null);
      if (fresh !== null && fresh.age_s !== null && fresh.age_s < (performance.now() - begun) / 1000) {
        said.textContent = "";
        return take(fresh);
      }
    }
  } catch (why) {
    at("air-age").textContent = before;
    failed(said, why);
  } finally {
    scanning = false;
    at("scan").disabled = at("scan-closing").disabled = !now?.manager;
  }
}
at("scan").addEventListener("click", () => scan(false));
at("scan-closing").addEventListener("click", () => scan(true));

// The form.
const form = at("join");
function choosing(one) {
  chosen = one;
  const title = at("joining-title");
  title.textContent = one === null ? title.dataset.hidden : sentence(title, "text", { name: one.ssid });
  at("ssid-part").hidden = one !== null;
  at("password-part").hidden = one !== null && one.security !== "personal";
  at("password-none").hidden = one !== null;
  at("join-said").textContent = "";
  form.reset();
  shown();
  at("joining").hidden = false;
  at("joining").scrollIntoView({ block: "nearest" });
  (one === null ? at("ssid") : at("password-part").hidden ? title : at("password")).focus();
}
function shown() { at("password").type = at("show").checked ? "text" : "password"; }
at("show").addEventListener("change", shown);
at("hidden-network").addEventListener("click", () => choosing(null));
at("not-now").addEventListener("click", () => { at("joining").hidden = true; at("air-title").scrollIntoView(); at("hidden-network").focus(); });

function wrong(password) {
  const count = [...password].length;
  if (chosen === null && at("ssid").value === "") return [at("ssid"), "empty-name"];
  if (at("password-part").hidden || (password === "" && chosen === null)) return null;
  if (password === "") return [at("password"), "empty"];
  if (/[^\x20-\x7e]/.test(password)) return [at("password"), "odd"];
  if (count > 30) return [at("password"), "long", { count }];
  return count < 8 ? [at("password"), "short", { count }] : null;
}
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = at("join-said");
  const password = at("password-part").hidden ? "" : at("password").value;
  const met = wrong(password);
  for (const input of [at("ssid"), at("password")]) if (met?.[0] === input) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
  said.textContent = met ? sentence(said, met[1], met[2]) : "";
  if (met) return met[0].focus();
  const address = at("address").value.trim();
  const fixed = address === "" ? null : {
    address, gateway: at("gateway").value.trim() || null,
    name_servers: at("name-servers").value.split(",").map((one) => one.trim()).filter(Boolean),
  };
  const name = chosen === null ? { ssid: at("ssid").value } : { ssid_hex: chosen.ssid_hex };
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    await ask("POST", "network/join", { ...name, password: password || null, fixed });
    at("joining").hidden = true;
    watch(chosen?.ssid ?? at("ssid").value);
    form.reset();
  } catch (why) {
    failed(said, why);
  } finally {
    button.disabled = false;
  }
});

// Joining, from here: the phone may lose the unit meanwhile.
async function watch(name = "") {
  if (following) return;
  following = true;
  at("result").hidden = true;
  at("going").hidden = false;
  const [title, step] = [at("going-title"), at("going-step")];
  const told = { own: now.access_point.ssid, address: `http://${now.name}/`, name: name || (now.last_join?.ssid ?? "") };
  title.textContent = sentence(title, "text", told);
  step.textContent = step.dataset.begun;
  for (const id of ["going-beside", "going-instead"]) at(id).textContent = sentence(at(id), "text", told);
  at("going-beside").hidden = !now.access_point.beside_network;
  at("going-instead").hidden = now.access_point.beside_network;
  title.focus();
  const begun = performance.now();
  for (;;) {
    await pause(1.5);
    const fresh = await Promise.race([ask("GET", "network").catch(() => null), pause(5)]) ?? null;
    at("going-lost").hidden = fresh !== null;
    if (fresh === null) put(step, step.dataset.lost);
    else if (UNDER_WAY.includes(fresh.join)) put(step, word(step, fresh.join));
    else if (fresh.last_join?.outcome !== "under_way" && performance.now() - begun > 1000) {
      following = false;
      at("going").hidden = true;
      show(fresh);
      at("result-text").setAttribute("tabindex", "-1");
      at("result-text").focus();
      ask("GET", "network/networks").then(take, () => null);
      return;
    }
  }
}

// Saved networks.
function showSaved(told) {
  const list = at("saved");
  const which = JSON.stringify([told.saved, inUse()]);
  at("saved-card").hidden = told.saved.length === 0;
  if (list.shown === which) return;
  list.shown = which;
  list.replaceChildren(...told.saved.map((one) => {
    const item = document.createElement("li");
    const name = document.createElement("div");
    name.append(made("b", one.ssid));
    if (one.ssid_hex === inUse()) name.append(made("span", list.dataset.inUse, "facts"));
    const button = made("button", list.dataset.forget, "plain");
    button.type = "button";
    button.setAttribute("aria-label", sentence(list, "forget-name", { name: one.ssid }));
    button.addEventListener("click", () => forget(one));
    item.append(name, button);
    return item;
  }));
}
async function sure(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((done) => dialog.addEventListener("close", done, { once: true }));
  return dialog.returnValue === "yes";
}
async function act(said, method, path) {
  said.textContent = "";
  await ask(method, path).then(() => look(), (why) => failed(said, why));
}
async function forget(one) {
  at("forget-question").textContent = sentence(at("forget-question"), "text", { name: one.ssid });
  at("forget-after").hidden = one.ssid_hex !== inUse();
  if (await sure(at("forget-sure"))) await act(at("saved-said"), "DELETE", `network/networks/${one.ssid_hex}`);
}

// The unit's own Wi-Fi.
at("own-open").addEventListener("click", () => act(at("own-said"), "POST", "network/access-point"));
async function closing() {
  const after = at("own-elsewhere"), told = { ...places(), name: waiting() };
  after.textContent = sentence(after, told.name !== "" ? "joins" : now.connected ? "connected" : "alone", told);
  if (await sure(at("own-sure"))) await act(at("own-said"), "DELETE", "network/access-point");
}
for (const id of ["own-close", "waiting-join"]) at(id).addEventListener("click", closing);

async function look() {
  if (following) return;
  try {
    const told = await ask("GET", "network");
    if (!following) show(told);
  } catch (why) {
    at("no-meter").hidden = why.id !== "no-meter";
    if (why.id === "no-meter") setTimeout(look, 3000);
  }
}
let soon = null; // several changes in a row are one look
function changed() { soon ??= setTimeout(() => { soon = null; look(); }, 200); }
follow("network", changed);
await look();
await ask("GET", "network/networks").then(take, () => null);
at("wifi-parts").classList.remove("waits");
if (now?.manager && !now.access_point.open && !following && (heard.age_s === null || heard.age_s > 30)) scan(false);
setInterval(() => { if (!scanning) showAge(); }, 30000);

// Charging: what the balancer says, as it says it; sentences are asked for in the reader's language where one has changed.
import { ask, follow, number, sentence } from "/static/frame.js";
import { note, phases, spark, swatch } from "/static/balancing_picture.js";

const at = (id) => document.getElementById(id);
const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
const lower = (text) => `${text ?? ""}`.toLowerCase();
let now = null;   // as the API tells it
let known = "";   // the sentences that were told last

function show() {
  const is = now.state === "balanced";
  const stand = at("stand");
  const name = now.name || stand.dataset.unnamed;
  put(stand, sentence(stand, now.state, { name, fault: now.fault ?? "" }));
  stand.dataset.verdict = is ? { lost: "undecided" }[now.rung] ?? "right" : { fault: "wrong", silent: "wrong" }[now.state] ?? "undecided";
  at("unfit").hidden = !is || !now.fault;
  put(at("unfit"), sentence(at("unfit"), "text", { fault: now.fault ?? "" }));
  told(at("group-told"), is ? now.told : []);
  at("ladder").hidden = at("phases").hidden = at("chargers").hidden = !is;
  at("stand-help").hidden = now.state !== "no-group";
  at("activate").hidden = now.state !== "inactive";
  at("deactivate").hidden = ["no-group", "inactive"].includes(now.state);
  if (is) balanced();
}
function balanced() {
  const rung = at("rung");
  put(rung, sentence(rung, now.rung));
  rung.className = now.rung === "fresh" ? "" : `notice ${now.rung === "lost" ? "bad" : ""}`;
  put(at("leader"), sentence(at("leader"), now.leader));
  const meter = now.meter_a && Object.fromEntries(Object.entries(now.meter_a).map(([phase, one]) => [phase, number(one, 1)]));
  put(at("meter"), meter ? sentence(at("meter"), "text", { ...meter, age: number(now.meter_age_s, 1) }) : "–");
  put(at("budget"), sentence(at("budget"), "text", { percent: number(100 * now.budget_used_ratio, 0) }));
  phases(at("phases"), now);
  const list = at("charger-list");
  const here = new Map([...list.children].map((one) => [one.dataset.id, one]));
  now.chargers.forEach((one, place) => {
    const shown = here.get(one.id) ?? at("charger-shown").content.firstElementChild.cloneNode(true);
    here.delete(one.id);
    shown.dataset.id = one.id;
    if (list.children[place] !== shown) list.insertBefore(shown, list.children[place] ?? null);
    charger(shown, one, place);
  });
  for (const gone of here.values()) gone.remove();
  const names = now.chargers.map((one, place) => Object.assign(document.createElement("span"), { textContent: one.name, className: swatch(place) }));
  if (at("legend").childElementCount !== names.length || at("legend").textContent !== names.map((one) => one.textContent).join(""))
    at("legend").replaceChildren(...names);
}
function charger(shown, one, place) {
  const of = (what) => shown.querySelector(`[data-of="${what}"]`);
  of("swatch").className = `swatch ${swatch(place)}`;
  put(of("name"), one.name);
  const states = at("charger-list");
  put(of("status"), !one.online ? states.dataset.offline : one.status ? sentence(states, lower(one.status)) : states.dataset.silent);
  shown.dataset.status = one.online ? lower(one.status) : "offline";
  const amperes = (value) => number(value, Number.isInteger(value) ? 0 : 1);
  const limit = one.lease === "ended" ? one.offline_a : one.limit_a;  // it obeys nobody any more
  put(of("limit"), sentence(of("limit"), limit > 0 ? "text" : "pause", { amperes: amperes(limit) }));
  put(of("lease"), sentence(of("lease"), one.lease, { seconds: number(one.lease_left_s, 0) }));
  put(of("why"), one.why ?? "");
  told(of("told"), one.told);
  spark(of("spark"), one, place);
  put(of("phases"), one.phases.join(" "));
  const each = Object.fromEntries(Object.entries(one.current_a).map(([phase, value]) => [phase, number(value, 1)]));
  const draws = [sentence(of("draws"), "text", each)];
  if (typeof one.power_w === "number") draws.push(sentence(of("draws"), "power", { watts: number(one.power_w, 0) }));
  put(of("draws"), draws.join(", "));
  put(of("car"), of("car").dataset[one.has_car === null ? "unknown" : !one.has_car ? "no" : one.wants ? "wants" : "yes"]);
  const safe = one.slow ? "slow" : one.safe_a === null ? "open" : one.safe_a > 0 ? "text" : "pause";
  put(of("safe"), sentence(of("safe"), safe, { amperes: amperes(one.safe_a ?? one.offline_a) }));
  put(of("way"), one.way === null ? of("way").dataset.none : one.confirmed ? one.way : sentence(of("way"), "unsure", { way: one.way }));
  of("cloud-row").hidden = one.cloud === null;
  put(of("cloud"), one.cloud === null ? "" : sentence(of("cloud"), one.cloud));
}
function told(list, texts) {
  if ([...list.children].map((one) => one.textContent).join("\n") === texts.join("\n")) return;
  list.replaceChildren(...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
}

// One question after the other; what comes meanwhile is asked for behind it.
const asking = { state: null, changes: null };
async function once(what, work) {
  if (asking[what]) return void (asking[what] = "again");
  do {
    asking[what] = "now";
    await work().catch(() => null);
    await new Promise((go) => setTimeout(go, 500));
  } while (asking[what] === "again");
  asking[what] = null;
}
const look = () => once("state", async () => {
  now = await ask("GET", "balancing");
  show();
});
const list = at("change-list");
const changes = () => once("changes", async () => {
  const found = await ask("GET", "balancing/changes?most=40");
  at("no-changes").hidden = found.length > 0;
  list.replaceChildren(...found.map((one) => {
    const when = one.utc === null ? list.dataset.noDate : new Date(one.utc).toLocaleString(document.documentElement.lang);
    const line = document.createElement("li");
    line.append(Object.assign(document.createElement("time"), { textContent: when, dateTime: one.utc ?? "" }), " ",
      sentence(list, "line", { charger: one.charger, sentence: one.said ?? one.sentence }));
    return line;
  }));
});

let heardChanges = null;
follow("balance", (body) => {
  for (const one of body.chargers) note(one);
  const sentences = JSON.stringify([body.active, body.name, body.fault, body.told, body.chargers.map((one) => [one.id, one.name, one.why, one.told])]);
  if (sentences !== known) look();
  known = sentences;
  if (body.changes !== heardChanges) changes();
  heardChanges = body.changes;
  if (now?.state !== "balanced" || !body.active) return;
  const words = new Map(now.chargers.map((one) => [one.id, { why: one.why, told: one.told }]));
  const chargers = body.chargers.map((one) => ({ ...one, why: null, told: [], ...words.get(one.id) }));
  now = { ...now, ...body, fault: now.fault, told: now.told, chargers };
  show();
});
follow("gone", (body) => {
  if (body.kind !== "balance") return;
  known = "";
  look();
});
document.addEventListener("group-saved", look);
look();
changes();

// Who may come in: API tokens, sign-ins, and what happened at the door.
import { ask, sentence } from "/static/frame.js";

const at = (id) => document.getElementById(id);
const cell = (text, tag = "td") => Object.assign(document.createElement(tag), { textContent: text });
const failed = (said) => (why) => { said.textContent = sentence(said, why.id, { sentence: why.sentence }); };

const table = at("token-table");
const tokensSaid = at("tokens-said");
function token(one) {
  const line = document.createElement("tr");
  const name = cell(one.name, "th");
  name.scope = "row";
  const used = one.last_used_on === null ? table.dataset.never
    : sentence(table, "used", { day: new Date(`${one.last_used_on}T12:00:00Z`).toLocaleDateString(document.documentElement.lang) });
  const revoke = Object.assign(document.createElement("button"), { type: "button", className: "plain", textContent: table.dataset.revoke });
  revoke.setAttribute("aria-label", sentence(table, "revoke-name", { name: one.name }));
  revoke.addEventListener("click", () => act("DELETE", `tokens/${one.id}`));
  const last = document.createElement("td");
  last.append(revoke);
  line.append(name, cell(sentence(table, one.scope)), cell(used), last);
  return line;
}
async function tokens() {
  const all = await ask("GET", "tokens");
  at("token-rows").replaceChildren(...all.map(token));
  table.hidden = all.length === 0;
}
async function act(method, path, body) {
  tokensSaid.textContent = "";
  at("token-made").hidden = true;
  try {
    const made = await ask(method, path, body);
    if (made) {
      at("token-secret").textContent = made.secret;
      at("token-made").hidden = false;
      at("token-form").reset();
    }
    await tokens();
  } catch (why) {
    failed(tokensSaid)(why);
  }
}
at("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  act("POST", "tokens", { name: event.target.elements.name.value, scope: event.target.elements.scope.value });
});
tokens().catch(failed(tokensSaid));

const accessSaid = at("access-said");
function session(now) {
  at("signed-in").textContent = sentence(at("signed-in"), "text", { count: now.sessions });
  at("failed").hidden = now.failed_before_count === 0;
  at("failed").textContent = sentence(at("failed"), "text", { count: now.failed_before_count });
  at("locked").hidden = now.locked_sources.length === 0;
  at("locked").textContent = sentence(at("locked"), "text", { sources: now.locked_sources.join(", ") });
}
ask("GET", "session").then(session, failed(accessSaid));
at("everywhere").addEventListener("click", async () => {
  await ask("DELETE", "sessions").then(() => location.assign("/sign-in"), failed(accessSaid));
});
const lines = at("access-lines");
at("access-log").addEventListener("toggle", async (event) => {
  if (!event.target.open) return;
  const all = await ask("GET", "access-log").catch((why) => { failed(accessSaid)(why); return []; });
  lines.replaceChildren(...all.map((one) => {
    const when = one.utc === null ? lines.dataset.noDate : new Date(one.utc).toLocaleString(document.documentElement.lang);
    const what = sentence(lines, one.what.toLowerCase().replaceAll(" ", "-"), { name: one.name ?? "" });
    return cell(`${when}  ${what}  (${one.source})`, "li");
  }));
});

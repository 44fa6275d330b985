// The charger's page: asks for the PIN, shows the state, sends each form as JSON.
const at = (id) => document.getElementById(id);

async function ask(path, body) {
  const response = await fetch(path, body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const content = await response.json();
  at("said").textContent = response.ok || response.status === 401 ? "" : JSON.stringify(content.detail);
  return { content, ok: response.ok, unknown: response.status === 401 };
}
function show(state) {
  at("serial").textContent = state.serial;
  for (const section of document.querySelectorAll("[data-ocpp]")) section.hidden = state.protocol === "CAPI";
  at("state").replaceChildren(...Object.entries(state).flatMap(([name, value]) => [
    Object.assign(document.createElement("dt"), { textContent: name.replaceAll("_", " ") }),
    Object.assign(document.createElement("dd"), { textContent: typeof value === "object" ? JSON.stringify(value) : String(value) }),
  ]));
}
async function look() {
  const { content, ok, unknown } = await ask("/state");
  at("login").hidden = !unknown;
  at("known").hidden = !ok;
  if (ok) show(content);
}
const READ = { most_a: Number, phases: Number, tags: (text) => text.split(/\s+/).filter(Boolean) };
for (const form of document.forms)
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = Object.fromEntries([...new FormData(form)].map(([name, text]) => [name, (READ[name] ?? String)(text)]));
    const { content, ok, unknown } = await ask(form.dataset.to, fields);
    if (unknown) at("said").textContent = content.detail;
    if (ok) look();
  });
look();
setInterval(() => at("known").hidden || look(), 1000);

// The settings as a file, and who changed what; the certificate.
import { ask, sentence } from "/static/frame.js";
import { nameOf, wordOf } from "/static/setting_names.js";

const at = (id) => document.getElementById(id);
const LARGEST = 32768;
let mark = null;

const row = (cells) => {
  const line = document.createElement("tr");
  line.append(...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
  return line;
};
function told(said, why) {
  said.classList.remove("good");
  said.textContent = sentence(said, why.id, { sentence: why.sentence });
}
function done(said) {
  said.classList.add("good");
  said.textContent = said.dataset.done;
}

const table = at("changes");
// as the API writes a value: several are a list
const worded = (key, text) => text === null ? table.dataset.unset : text.split(", ").map((one) => wordOf(key, one)).join(", ");
function change(one) {
  const when = one.utc === null ? table.dataset.noDate : new Date(one.utc).toLocaleString(document.documentElement.lang);
  const what = Object.entries(one.edits)
    .map(([key, edit]) => `${nameOf(key)}: ${worded(key, edit.before)} → ${worded(key, edit.after)}`);
  if (one.undoes) what.push(sentence(table, "undoes", { number: one.undoes }));
  if (one.is_undone) what.push(table.dataset.undone);
  return row([one.number, when, sentence(table, one.means, { name: one.name ?? "" }), what.join("; ")]);
}
async function look() {
  const [now, history] = await Promise.all([ask("GET", "settings"), ask("GET", "settings/history")]);
  mark = now.mark;
  at("change-rows").replaceChildren(...history.changes.map(change));
  table.hidden = history.changes.length === 0;
  at("no-changes").hidden = !table.hidden;
  at("undo").hidden = history.can_undo === null;
}
async function act(path, body) {
  const said = at("settings-said");
  said.textContent = "";
  try {
    await ask("POST", `settings/${path}`, { mark, ...body });
    done(said);
  } catch (why) {
    told(said, why);
  }
  await look().catch(() => null);
}
at("undo").addEventListener("click", () => act("undo", {}));

// A file is held against what is set before it is taken.
let brought = null;
function preview(found) {
  const edits = Object.entries(found?.edits ?? {});
  at("import-preview").hidden = edits.length === 0;
  at("import-wiring").hidden = !edits.some(([key]) => key.startsWith("wiring."));
  const heads = [...at("import-table").querySelectorAll("th")].map((one) => one.textContent);
  at("import-rows").replaceChildren(...edits.map(([key, edit]) => {
    const line = row([nameOf(key), worded(key, edit.before), worded(key, edit.after)]);
    for (const place of [1, 2]) line.children[place].dataset.head = heads[place];  // where the cells stand below each other
    return line;
  }));
}
at("import").addEventListener("submit", async (event) => {
  event.preventDefault();
  const [file] = at("import-file").files;
  const said = at("settings-said");
  said.textContent = "";
  brought = null;
  preview(null);
  if (file.size > LARGEST) return told(said, { id: "too-large" });
  try {
    const text = await file.text();
    const found = await ask("POST", "settings/import/preview", { text });
    if (Object.keys(found.edits).length === 0) return told(said, { id: "nothing" });
    brought = { text, mark: found.mark };
    preview(found);
    at("import-title").focus();
  } catch (why) {
    told(said, why);
  }
});
at("import-take").addEventListener("click", async () => {
  preview(null);
  at("import-file").focus();
  await act("import", brought);
});
at("import-not").addEventListener("click", () => {
  preview(null);
  at("import-file").focus();
});
look().catch((why) => told(at("settings-said"), why));

function certificate(now) {
  const whose = at("certificate-whose");
  whose.textContent = whose.dataset[now.fingerprint === "" ? "none" : now.is_own ? "own" : "installed"];
  at("fingerprint").textContent = now.fingerprint || "–";
  at("certificate-reset").hidden = now.fingerprint === "" || now.is_own;
}
async function serve(method, body) {
  const said = at("certificate-said");
  said.textContent = "";
  try {
    certificate(await ask(method, "certificate", body));
    if (method !== "GET") done(said);
  } catch (why) {
    told(said, why);
  }
}
at("certificate-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const files = ["certificate-file", "key-file"].map((id) => at(id).files[0]);
  if (files.some((file) => file.size > LARGEST)) return told(at("certificate-said"), { id: "too-large" });
  const [chain, key] = await Promise.all(files.map((file) => file.text()));
  await serve("PUT", { certificate: chain, key });
  event.target.reset();
});
at("certificate-reset").addEventListener("click", () => serve("DELETE"));
serve("GET");

// What every page does: asks the API, follows the live values, language, signing out.
const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

// What a page asks while nobody touches it keeps nobody signed in.
export const BY_ITSELF = { "X-Background": "1" };
let touched = false;
for (const kind of ["pointerdown", "keydown", "wheel"]) addEventListener(kind, () => { touched = true; }, { capture: true, passive: true });

// One request to the API; its answer, or a refusal thrown: {id, sentence, told, retry_after_s}.
export async function ask(method, path, body) {
  let response;
  const headers = { "X-CSRF-Token": csrf, ...(touched ? {} : BY_ITSELF) };
  touched = false;
  if (body !== undefined && !(body instanceof Blob)) headers["Content-Type"] = "application/json";
  try {
    response = await fetch(`/api/v1/${path}`, { method, headers, body: body === undefined || body instanceof Blob ? body : JSON.stringify(body) });
  } catch {
    throw { id: "unreachable", sentence: "" };
  }
  if (response.status === 204) return null;
  const content = await response.json().catch(() => null);
  if (response.ok) return content;
  if (response.status === 401 && location.pathname !== "/sign-in") location.assign("/sign-in");
  // in the reader's language, where somebody has translated it
  throw { ...(content ?? { id: "other", sentence: "" }), ...(content?.told ? { sentence: content.told } : {}) };
}

// A sentence out of an element's data attributes: data-wrong-pin for "wrong-pin", else data-other; {places} are filled.
export function sentence(element, id, places = {}) {
  const key = id.replace(/-(.)/g, (_, one) => one.toUpperCase());
  const text = element.dataset[key] ?? element.dataset.other ?? "";
  return text.replace(/\{(\w+)\}/g, (_, name) => places[name] ?? "");
}

// Several texts in an element, each on a line of its own.
export const lines = (element, texts) =>
  element.replaceChildren(...texts.map((text) => Object.assign(document.createElement("span"), { className: "line", textContent: text })));

export const number = (value, decimals) => typeof value !== "number" ? "–"
  : new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
    .format(Math.abs(value) < 0.5 / 10 ** decimals ? 0 : value);

// The live values: one connection for all who want one of the kinds.
const wanted = new Map();
let source = null;
export function follow(kind, told) {
  if (!wanted.has(kind)) wanted.set(kind, []);
  wanted.get(kind).push(told);
  source?.addEventListener(kind, heard(kind));
  if (source === null) connect();
}
const heard = (kind) => (event) => {
  old(false);
  const body = JSON.parse(event.data);
  for (const told of wanted.get(kind) ?? []) told(body);
};
function connect() {
  source = new EventSource("/api/v1/live");
  for (const kind of wanted.keys()) source.addEventListener(kind, heard(kind));
  source.addEventListener("over", () => location.assign("/sign-in"));
  source.onerror = async () => {
    old(true);
    if (source.readyState !== EventSource.CLOSED) return;
    source = null;
    const answer = await fetch("/api/v1/session", { headers: BY_ITSELF }).catch(() => null);
    if (answer?.status === 401) location.assign("/sign-in");
    setTimeout(() => source ?? connect(), 2000);
  };
}
let before;
function old(is) {
  if (is === before) return;
  before = is;
  document.body.classList.toggle("old", is);
  const lost = document.getElementById("lost");
  if (lost) lost.hidden = !is;
}

// by then the scripts of the page have all run
document.addEventListener("DOMContentLoaded", () => { document.getElementById("main").inert = false; });

document.getElementById("language")?.addEventListener("change", (event) => {
  document.cookie = `language=${event.target.value}; path=/; max-age=31536000; samesite=strict`;
  location.reload();
});
document.getElementById("sign-out")?.addEventListener("click", async () => {
  await ask("DELETE", "session").catch(() => null);
  location.assign("/sign-in");
});
const serial = document.querySelector(".serial");
if (csrf && serial && !serial.textContent) follow("status", (body) => { serial.textContent = body.serial; });

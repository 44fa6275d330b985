// What does not fit, said before it is saved; what is let through here, the unit still looks at.
import { sentence } from "/static/frame.js";
import { touched } from "/static/fields.js";

const PHASES = { "single-phase": ["L1"], "split-phase": ["L1", "L2"] };
const ALL = ["L1", "L2", "L3"];

// By key, a sentence for the reader; `wanted`: what the whole page says.
export function unfit(fields, wanted, known, leads, texts) {
  const found = new Map();
  const table = leads.split(".")[0];
  for (const field of fields) {
    const key = field.dataset.field;
    if (!touched(field) && key !== leads) continue;
    const input = field.querySelector("input");
    if (field.dataset.control === "number" && !input.checkValidity()) found.set(key, field.dataset.unfit);
    if (key === "https.url" && wanted[key] && !isCloud(wanted[key])) found.set(key, field.dataset.unfit);
    if (key === "https.token" && wanted[key] && !/^[!-~]+$/.test(wanted[key])) found.set(key, field.dataset.unfit);
  }
  if (leads && !wanted[leads] && fields.some((field) => isFilled(field, wanted, known, leads))) found.set(leads, texts.dataset.missing);
  if (table === "https" || table === "mqtt") files(table, wanted, found, texts);
  if (fields.some((field) => field.dataset.field === "voltage_terminals")) {
    const why = terminals(wanted, texts);
    if (why) found.set("voltage_terminals", why);
  }
  return found;
}
function isFilled(field, wanted, known, leads) {
  const key = field.dataset.field;
  if (key === leads) return false;
  if (known[key].secret) return touched(field) ? typeof wanted[key] === "string" || (wanted[key] === undefined && known[key].is_set) : known[key].is_set;
  return ![null, undefined, false].includes(wanted[key]);
}
function isCloud(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    return false;
  }
  const here = ["localhost", "127.0.0.1"].includes(url.hostname);
  return (url.protocol === "https:" || (url.protocol === "http:" && here)) && !url.username && !url.password && !/[?#\s]/.test(text);
}
function files(table, wanted, found, texts) {
  const authority = `${table}.${table === "mqtt" ? "tls_ca_file" : "ca_file"}`;
  const [certificate, key] = [`${table}.client_certificate_file`, `${table}.client_key_file`];
  if (wanted[`${table}.enrolled`]) {
    for (const one of [authority, certificate, key]) if (wanted[one]) found.set(one, texts.dataset.fileEnrolled);
    return;
  }
  if (Boolean(wanted[certificate]) !== Boolean(wanted[key])) found.set(wanted[certificate] ? key : certificate, texts.dataset.filePair);
  else if (table === "mqtt" && wanted[certificate] && !wanted[authority]) found.set(authority, texts.dataset.fileAuthority);
}
// Only where nothing generates can the other voltages be inferred: from one, without N from two (which are one voltage).
export function terminals(wanted, texts) {
  const chosen = wanted.voltage_terminals;
  if (chosen === null) return "";
  if (chosen.length === 0) return texts.dataset.emptySome;
  const grid = wanted.grid_type ?? "three-phase";
  const phases = PHASES[grid] ?? ALL;
  const wired = new Set(chosen.map((one) => wanted[`wiring.voltages.${one.toLowerCase()}`] ?? one));
  if (phases.every((one) => wired.has(one)) && wired.size === phases.length) return "";
  if (grid in PHASES) return sentence(texts, "terminals-grid", { phases: phases.join(", ") });
  if (wanted.generation_on_site) return texts.dataset.terminalsGeneration;
  return grid === "it" && wired.size < 2 ? texts.dataset.terminalsIt : "";
}

// One setting in a form: what it shows, what it says, whether somebody touched it.
export const wrongOf = (field) => field.querySelector("[data-wrong]");
export const touched = (field) => field.dataset.touched === "yes";
const ticked = (field, kind) => [...field.querySelectorAll(`input[type="${kind}"]:checked`)].map((one) => one.value);
function check(field, kind, values) {
  for (const one of field.querySelectorAll(`input[type="${kind}"]`)) one.checked = values.includes(one.value);
}

// As the API has it; null: not set; undefined, of a secret: as it is.
export function read(field) {
  const input = field.querySelector("input, select");
  switch (field.dataset.control) {
    case "number": return input.value === "" ? null : Number(input.value);
    case "text": return input.value.trim() === "" ? null : input.value.trim();
    case "texts": return input.value.split(",").map((one) => one.trim()).filter(Boolean);
    case "choice": return input.value || null;
    case "order": return input.value ? input.value.split(" ") : null;
    case "file": return field.querySelector("[data-clear]").checked ? null : field.dataset.path || null;
    case "secret": return field.querySelector("[data-clear]").checked ? null : input.value === "" ? undefined : input.value;
    case "flag": return input.checked ? true : field.dataset.wasSet === "yes" ? false : null;
    case "answer": return { true: true, false: false }[ticked(field, "radio")[0]] ?? null;
    case "grids": return ticked(field, "radio")[0] || null;
    case "words": {
      const words = ticked(field, "checkbox");
      return words.length === 0 && field.dataset.wasSet !== "yes" ? null : words;
    }
    case "some": return ticked(field, "radio")[0] === "some" ? ticked(field, "checkbox") : null;
  }
  return undefined;
}
export function show(field, setting) {
  const input = field.querySelector("input, select");
  const value = setting.value;
  field.dataset.wasSet = setting.is_set ? "yes" : "";
  switch (field.dataset.control) {
    case "number": case "text": case "choice": input.value = value ?? ""; break;
    case "texts": input.value = (value ?? []).join(", "); break;
    case "order": input.value = (value ?? []).join(" "); break;
    case "file": case "secret": {
      if (field.dataset.control === "file") named(field, value);
      else {
        input.value = "";
        input.placeholder = input.dataset[setting.is_set ? "isSet" : "isNotSet"];
      }
      const clear = field.querySelector("[data-clear]");
      clear.checked = false;
      clear.closest("label").hidden = !setting.is_set;
      break;
    }
    case "flag": input.checked = value === true; break;
    case "answer": check(field, "radio", [value === null ? "" : `${value}`]); break;
    case "grids": check(field, "radio", [value ?? ""]); break;
    case "words": check(field, "checkbox", value ?? []); break;
    case "some":
      check(field, "radio", [value === null ? "all" : "some"]);
      check(field, "checkbox", value ?? []);
      break;
  }
}
function named(field, path) {
  const shown = field.querySelector("code");
  field.dataset.path = path ?? "";
  shown.textContent = path ?? shown.dataset.none;
}
export function reset(field) {
  delete field.dataset.touched;
  wrongOf(field).textContent = "";
  for (const input of field.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

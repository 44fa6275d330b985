// What was counted today, this week and this month: by the reader's own calendar.
import { ask, number, sentence } from "/static/frame.js";

const lang = document.documentElement.lang, note = document.getElementById("energy-note");
const rows = [...document.querySelectorAll("[data-period]")];
const AGAIN_S = 60;

function begins() {
  const now = new Date(), [year, month, day] = [now.getFullYear(), now.getMonth(), now.getDate()];
  return { day: new Date(year, month, day), week: new Date(year, month, day - (now.getDay() + 6) % 7), month: new Date(year, month, 1) };
}
async function load() {
  let again = AGAIN_S;
  try {
    const since = begins();
    const body = await ask("GET", `energy?${rows.map((row) => `since=${since[row.dataset.period].toISOString()}`).join("&")}`);
    const notes = new Set();
    rows.forEach((row, n) => {
      const found = body.periods[n], cells = row.querySelectorAll("td"), period = row.querySelector("th").textContent;
      cells[0].textContent = number(found.counted ? found.counted.total_import_wh / 1000 : null, 1);
      cells[1].textContent = number(found.counted ? found.counted.total_export_wh / 1000 : null, 1);
      const moment = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" }).format(new Date(found.from_utc ?? 0));
      if (found.counted && new Date(found.from_utc) > since[row.dataset.period]) notes.add(sentence(note, "from", { period, moment }));
      if (found.missing_s >= 60) notes.add(sentence(note, "missing", { period, minutes: number(found.missing_s / 60, 0) }));
      if (found.was_set_back) notes.add(sentence(note, "set-back", { period }));
    });
    note.hidden = notes.size === 0;
    note.textContent = [...notes].join(" ");
  } catch (why) {
    again = why.retry_after_s ?? AGAIN_S;
  }
  setTimeout(load, again * 1000);
}
load();

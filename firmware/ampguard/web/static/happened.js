// What happened: times as the reader's clock has them, and what is new.
import { ask, follow } from "/static/frame.js";

const list = document.getElementById("events");
const at = (utc) => utc ? new Date(utc).toLocaleString(document.documentElement.lang) : list.dataset.noDate;
for (const one of list.querySelectorAll("time[datetime]")) one.textContent = at(one.dateTime);

async function look() {
  const found = await ask("GET", `events?most=${list.dataset.most}`).catch(() => null);
  if (found === null) return;
  document.getElementById("no-events").hidden = found.length > 0;
  list.replaceChildren(...found.map((one) => {
    const line = document.createElement("li");
    line.append(Object.assign(document.createElement("time"), { textContent: at(one.utc), dateTime: one.utc ?? "" }), ` ${one.sentence}`);
    return line;
  }));
}
let soon = null;  // several at once are one question
follow("event", () => { soon ??= setTimeout(() => { soon = null; look(); }, 500); });

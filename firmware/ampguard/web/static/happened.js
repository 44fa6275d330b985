// What happened: times as the reader's clock has them, and what is new.
import { ask, follow } from "/static/frame.js";

const list = document.getElementById("events");
const at = (utc) => utc ? new Date(utc).toLocaleString(document.documentElement.lang) : list.dataset.noDate;
for (const one of list.querySelectorAll("time[datetime]")) one.textContent = at(one.dateTime);

const SPREAD_S = 1.5;  // all pages that are open hear the same: they do not ask all at once
let soon = null;       // several at once are one question
function later(wait_s) {
  soon ??= setTimeout(() => { soon = null; look(); }, 1000 * (wait_s + SPREAD_S * Math.random()));
}
async function look() {
  let found;
  try {
    found = await ask("GET", `events?most=${list.dataset.most}`);
  } catch (why) {
    if (why.retry_after_s) later(why.retry_after_s);
    return;
  }
  document.getElementById("no-events").hidden = found.length > 0;
  list.replaceChildren(...found.map((one) => {
    const line = document.createElement("li");
    line.append(Object.assign(document.createElement("time"), { textContent: at(one.utc), dateTime: one.utc ?? "" }), ` ${one.sentence}`);
    return line;
  }));
}
follow("event", () => later(0.3));
if ("late" in list.dataset) later(0);

// The unit's certificate for a cloud: whether there is one, and having it signed.
import { ask, sentence } from "/static/frame.js";

const at = (id) => document.getElementById(id);
const LARGEST = 32768;
const said = at("enrolment-said");
const PLAIN = ["malformed", "busy", "unreachable"];  // nobody needs to know more

function show({ enrolled }) {
  const date = enrolled && new Date(enrolled.ends_utc).toLocaleDateString(document.documentElement.lang);
  const id = enrolled ? (enrolled.used ? "until" : "unused") : "none";
  at("enrolled").textContent = sentence(at("enrolled"), id, { url: enrolled?.url, date });
}
function tell(id, why) {
  said.classList.toggle("good", id === "done");
  said.textContent = sentence(said, id);
  if (!why?.sentence || PLAIN.includes(id)) return;
  const lang = why.told ? document.documentElement.lang : "en";
  said.append(" ", Object.assign(document.createElement("span"), { lang, textContent: `(${why.sentence})` }));
}
const look = () => ask("GET", "enrolment").then(show).catch(() => null);
at("enrolment-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const [file] = at("enrolment-authority").files;
  if (file && file.size > LARGEST) return tell("too-large");
  const button = event.target.querySelector("button");
  button.disabled = true;
  tell("asking");
  try {
    show(await ask("POST", "enrolment", {
      url: at("enrolment-url").value.trim(), pin: at("enrolment-pin").value.trim(), authority: file ? await file.text() : null,
    }));
    tell("done");
    event.target.reset();
  } catch (why) {
    tell(why.id, why);
  }
  button.disabled = false;
});
document.addEventListener("settings-saved", look);
look();

// The unit's certificate for a cloud: whether there is one, and having it signed.
import { ask, sentence } from "/static/frame.js";

const at = (id) => document.getElementById(id);
const LARGEST = 32768;
const said = at("enrolment-said");

function show({ enrolled }) {
  const date = enrolled && new Date(enrolled.ends_utc).toLocaleDateString(document.documentElement.lang);
  at("enrolled").textContent = sentence(at("enrolled"), enrolled ? "until" : "none", { url: enrolled?.url, date });
}
function tell(id, places) {
  said.classList.toggle("good", id === "done");
  said.textContent = sentence(said, id, places);
}
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
    tell(why.id, { sentence: why.sentence });
  }
  button.disabled = false;
});
ask("GET", "enrolment").then(show).catch(() => null);

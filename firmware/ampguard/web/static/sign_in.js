import { ask, sentence } from "/static/frame.js";

const form = document.getElementById("sign-in");
const said = document.getElementById("said");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!form.pin.value.trim()) return form.pin.focus(); // no try, and none that counts
  const button = form.querySelector("button");
  button.disabled = true;
  said.textContent = "";
  try {
    await ask("POST", "session", { pin: form.pin.value.trim() });
    location.assign("/");
  } catch (why) {
    said.textContent = sentence(said, why.id, { seconds: Math.ceil(why.retry_after_s ?? 0) });
    form.pin.setAttribute("aria-invalid", "true");
    form.pin.select();
    form.pin.focus();
  } finally {
    button.disabled = false;
  }
});

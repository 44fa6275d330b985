// In large letters what is known of the wiring; what was known before a change is not said of what is set now.
import { sentence } from "/static/frame.js";

const place = document.getElementById("verdict");

export function judged(verdict, again) {
  const text = sentence(place, again ? `again-${again}` : verdict);
  place.dataset.verdict = again ? "undecided" : verdict;
  if (place.textContent !== text) place.textContent = text;
}

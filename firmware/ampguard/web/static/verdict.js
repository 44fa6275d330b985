// What is known of the wiring, all of it out of one answer: the heading in large letters and why. A fault of the supply
// comes first; what was known before a change is not said of what is set now.
import { lines, sentence } from "/static/frame.js";

const place = document.getElementById("verdict");
const banner = document.getElementById("fault");  // on the first page
const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };

export function judged(state) {
  const { fault, looking_again: again, verdict } = state;
  place.dataset.verdict = fault ? "wrong" : again ? "undecided" : verdict ?? "unknown";
  put(place, sentence(place, fault ? `fault-${fault.kind}` : again ? `again-${again}` : verdict ?? "unknown"));
  if (banner) {
    banner.hidden = !fault;
    put(banner, fault?.sentence ?? "");
  }
  lines(document.getElementById("reason"), state.reasons.filter((one) => !banner || one !== fault?.sentence));
}
export const nothing = () => judged({ fault: null, looking_again: null, verdict: null, reasons: [] });

// How many people are inside, counted by the service while the officer draws; only the latest answer is ever shown.

import { el, number, say } from "./dom.js";
import { explain, postJson } from "./net.js";

// A gesture that stands alone is counted at once; of several in quick succession the last is, when the hand has come to rest.
const QUIET_MS = 300;
const SHOWN_COUNTRIES = 6;

function shareRow(entry, total) {
  const meter = el("meter", { min: 0, max: Math.max(1, total), value: entry.people, "aria-label": entry.name });
  return el("li", {}, el("span", { class: "share-name", text: entry.name }), meter, el("b", { text: number(entry.people) }));
}

function shareList(entries, total, words) {
  const shown = entries.slice(0, SHOWN_COUNTRIES);
  const rest = entries.slice(SHOWN_COUNTRIES).reduce((sum, entry) => sum + entry.people, 0);
  const list = el("ul", { class: "shares" }, ...shown.map((entry) => shareRow(entry, total)));
  if (rest > 0) list.append(shareRow({ name: words.others, people: rest }, total));
  return list;
}

/** One row of how exactly people are known: a choice where the officer may choose, with the age of what is known. */
function precisionRow(entry, choose) {
  const name = choose
    ? el("label", { class: "share-name" }, el("input", { type: "checkbox", name: "precisions", value: entry.key, checked: entry.reached, onchange: choose }), ` ${entry.name}`)
    : el("span", { class: "share-name", text: entry.name });
  return el("li", { class: entry.reached ? "" : "share-out" }, name, el("b", { text: number(entry.people) }),
    el("small", { class: "share-age quiet", text: entry.people ? entry.seen : "" }));
}

/** Keeps the panel of the count; `onCount` gets each new answer. */
export class AudienceCount {
  constructor(panel, url, words, onCount, { precisions, onChoice = null } = {}) {
    this.panel = panel;
    this.precisions = precisions;
    this.onChoice = onChoice;
    this.url = url;
    this.words = words;
    this.onCount = onCount;
    this.running = null;
    this.latest = null;
    this.timer = null;
    this.askedAt = -Infinity;
  }

  /** Count these areas; what is still under way or waits is given up. */
  request(areas, drill) {
    this.running?.abort();
    clearTimeout(this.timer);
    this.busy(true);
    const now = performance.now();
    const alone = now - this.askedAt > QUIET_MS;
    this.askedAt = now;
    if (alone) this.count(areas, drill);
    else this.timer = setTimeout(() => this.count(areas, drill), QUIET_MS);
  }

  async count(areas, drill) {
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    this.busy(true);
    try {
      const answer = await postJson(this.url, { areas, drill, precisions: this.precisions }, { signal: running.signal });
      this.latest = answer;
      this.show(answer);
      this.onCount(answer);
      this.busy(false);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.latest = null;
      this.fail(explain(error, this.words));
      this.busy(false);
    }
  }

  busy(on) {
    this.panel.setAttribute("aria-busy", String(on));
  }

  part(name) {
    return this.panel.querySelector(`[data-part="${name}"]`);
  }

  show(answer) {
    this.part("total").textContent = number(answer.total);
    this.part("error").hidden = true;
    this.part("note").textContent = answer.note ?? "";
    this.part("note").hidden = !answer.note;
    this.part("countries").replaceChildren(shareList(answer.by_country, answer.total, this.words));
    this.part("languages").replaceChildren(shareList(answer.by_language, answer.total, this.words));
    const choose = this.onChoice && ((event) => this.choose(event.target));
    // The box that was just ticked keeps the focus of the keyboard.
    const focused = document.activeElement?.name === "precisions" ? document.activeElement.value : "";
    this.part("precisions").replaceChildren(el("ul", { class: "shares shares-chosen" },
      ...answer.by_precision.map((entry) => precisionRow(entry, choose))));
    if (focused) this.part("precisions").querySelector(`input[value="${focused}"]`)?.focus();
    this.part("age").textContent = say(this.words.asOf, { time: answer.as_of });
  }

  /** Take over what the officer ticked; somebody must be reached, so the last box stays ticked. */
  choose(box) {
    const boxes = [...this.part("precisions").querySelectorAll("input")];
    const chosen = boxes.filter((each) => each.checked).map((each) => each.value);
    if (chosen.length === 0) box.checked = true;
    else this.onChoice(this.precisions = chosen);
  }

  fail(message) {
    this.part("total").textContent = "–";
    this.part("error").textContent = message;
    this.part("error").hidden = false;
  }
}

// The texts, one box per language: typed with placeholders, shown as a phone will show them, counted by the service.

import { debounce, el, number, say } from "./dom.js";
import { explain, postJson } from "./net.js";

const QUIET_MS = 350;
const MARKED_SHARE = 0.3; // Where most characters are outside the cheap alphabet (Korean), marking them helps nobody.

/** The filled text with the characters that make it dearer marked, and line breaks kept. */
export function markedText(text, offenders) {
  const characters = [...text];
  if (offenders.length === 0 || offenders.length > characters.length * MARKED_SHARE) return [document.createTextNode(text)];
  const marked = new Set(offenders);
  const nodes = [];
  let plain = "";
  characters.forEach((character, index) => {
    if (!marked.has(index)) {
      plain += character;
      return;
    }
    if (plain) nodes.push(document.createTextNode(plain));
    plain = "";
    nodes.push(el("mark", { class: "dear", text: character }));
  });
  if (plain) nodes.push(document.createTextNode(plain));
  return nodes;
}

/** All boxes of texts; `facts()` gives what the service needs to fill them, `onCost` gets each new preview. */
export class Texts {
  constructor(root, template, data, words, facts, onChange, onPreview) {
    Object.assign(this, { root, template, data, words, facts, onChange, onPreview });
    this.running = null;
    this.later = debounce(() => this.preview(), QUIET_MS);
    this.picker = document.getElementById("add-language");
    this.picker.addEventListener("change", () => {
      if (this.picker.value) this.add(this.picker.value, "", true);
    });
    this.addAll(data.texts);
  }

  /** Make the boxes in the order in which languages are offered: the service's own two first. */
  addAll(texts) {
    const order = (language) => {
      const at = this.data.languages.findIndex(({ code }) => code === language);
      return at < 0 ? this.data.languages.length : at;
    };
    Object.entries(texts)
      .sort(([one], [other]) => order(one) - order(other))
      .forEach(([language, body]) => this.add(language, body, false));
    this.fillPicker();
  }

  boxes() {
    return [...this.root.querySelectorAll("[data-language]")];
  }

  /** The texts as they are stored: language to template. */
  values() {
    return Object.fromEntries(this.boxes().map((box) => [box.dataset.language, box.querySelector("textarea").value]));
  }

  fillPicker() {
    const used = new Set(this.boxes().map((box) => box.dataset.language));
    this.picker.replaceChildren(
      el("option", { value: "", text: this.words.addLanguage }),
      ...this.data.languages.filter(({ code }) => !used.has(code)).map(({ code, name }) => el("option", { value: code, text: name })),
    );
  }

  /** Replace all boxes, as after taking a colleague's version. */
  reset(texts) {
    this.root.replaceChildren();
    this.addAll(texts);
    this.changed();
  }

  add(language, body, focus) {
    const box = this.template.content.firstElementChild.cloneNode(true);
    const name = this.data.languages.find(({ code }) => code === language)?.name ?? language;
    box.dataset.language = language;
    box.querySelector("[data-part=name]").textContent = name;
    const area = box.querySelector("textarea");
    area.id = `text-${language}`;
    area.lang = language;
    area.value = body;
    box.querySelector("label").htmlFor = area.id;
    const problems = box.querySelector("[data-part=problems]");
    problems.id = `problems-${language}`;
    area.setAttribute("aria-describedby", problems.id);
    area.addEventListener("input", () => this.changed());
    box.querySelectorAll("[data-placeholder]").forEach((chip) => {
      chip.addEventListener("click", () => this.insert(area, `{${chip.dataset.placeholder}}`));
    });
    const remove = box.querySelector("[data-act=remove]");
    remove.setAttribute("aria-label", say(this.words.removeLanguage, { language: name }));
    remove.addEventListener("click", () => {
      box.remove();
      this.fillPicker();
      this.changed();
      this.picker.focus();
    });
    box.querySelector("[data-act=cheaper]").addEventListener("click", (event) => {
      area.value = event.currentTarget.dataset.offer;
      this.changed();
      area.focus();
    });
    this.root.append(box);
    if (focus) {
      this.fillPicker();
      this.changed();
      area.focus();
    }
  }

  insert(area, text) {
    area.focus();
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    this.changed();
  }

  changed() {
    this.onChange();
    this.refresh();
  }

  /** Ask for a new preview soon: a text or something that fills it changed. */
  refresh() {
    this.running?.abort();
    this.later();
  }

  async preview() {
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    try {
      const answer = await postJson(this.data.urls.preview, { ...this.facts(), texts: this.values() }, { signal: running.signal });
      answer.texts.forEach((text) => this.show(text));
      this.onPreview(answer);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.boxes().forEach((box) => this.complain(box, [{ refuse: true, text: explain(error, this.words) }]));
      this.onPreview(null);
    }
  }

  show(text) {
    const box = this.boxes().find((each) => each.dataset.language === text.language);
    if (!box) return;
    const bubble = box.querySelector("[data-part=bubble]");
    bubble.lang = text.language;
    bubble.replaceChildren(...(text.filled === null ? [document.createTextNode(text.half)] : markedText(text.filled, text.offenders)));
    bubble.classList.toggle("unfilled", text.filled === null);
    const cost = box.querySelector("[data-part=cost]");
    cost.textContent = text.parts === null ? "" : say(this.words.textCost, {
      encoding: text.encoding, units: number(text.units), parts: number(text.parts), left: number(text.left),
    });
    cost.classList.toggle("over", text.parts !== null && text.parts > this.data.usualParts);
    const offer = box.querySelector("[data-act=cheaper]");
    offer.hidden = !text.offer;
    offer.dataset.offer = text.offer ?? "";
    if (text.offer) offer.title = text.offer;
    this.complain(box, text.problems);
  }

  complain(box, problems) {
    const list = box.querySelector("[data-part=problems]");
    list.replaceChildren(...problems.map((problem) => el("li", { class: problem.refuse ? "problem refusing" : "problem", text: problem.text })));
    box.querySelector("textarea").setAttribute("aria-invalid", String(problems.some((problem) => problem.refuse)));
  }
}

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

/**
 * All boxes of texts, one section for each variant; `facts()` gives what the service needs to fill them, `onPreview` gets
 * each new preview. A text is named by one key: its language in the main variant, else `variant:language`.
 */
export class Texts {
  constructor(sections, template, data, words, facts, onChange, onPreview) {
    Object.assign(this, { template, data, words, facts, onChange, onPreview });
    this.running = null;
    this.later = debounce(() => this.preview(), QUIET_MS);
    this.sections = new Map([...sections].map((root) => [root.dataset.variant, { root, picker: document.getElementById(root.dataset.picker) }]));
    this.sections.forEach(({ picker }, variant) => {
      picker.addEventListener("change", () => {
        if (picker.value) this.add(this.keyOf(variant, picker.value), "", true);
      });
    });
    this.addAll(data.texts);
  }

  keyOf(variant, language) {
    return variant === this.data.mainVariant ? language : `${variant}:${language}`;
  }

  parts(key) {
    const at = key.indexOf(":");
    return at < 0 ? [this.data.mainVariant, key] : [key.slice(0, at), key.slice(at + 1)];
  }

  /** Make the boxes in the order in which languages are offered: the service's own two first. */
  addAll(texts) {
    const order = (language) => {
      const at = this.data.languages.findIndex(({ code }) => code === language);
      return at < 0 ? this.data.languages.length : at;
    };
    Object.entries(texts)
      .sort(([one], [other]) => order(this.parts(one)[1]) - order(this.parts(other)[1]))
      .forEach(([key, body]) => this.add(key, body, false));
    this.fillPickers();
  }

  boxes() {
    return [...this.sections.values()].flatMap(({ root }) => [...root.querySelectorAll("[data-language]")]);
  }

  /** The texts as they are stored: key to template. */
  values() {
    return Object.fromEntries(this.boxes().map((box) => [box.dataset.language, box.querySelector("textarea").value]));
  }

  fillPickers() {
    const used = new Set(this.boxes().map((box) => box.dataset.language));
    this.sections.forEach(({ picker }, variant) => picker.replaceChildren(
      el("option", { value: "", text: this.words.addLanguage }),
      ...this.data.languages.filter(({ code }) => !used.has(this.keyOf(variant, code)))
        .map(({ code, name }) => el("option", { value: code, text: name })),
    ));
  }

  /** Replace all boxes, as after taking a colleague's version. */
  reset(texts) {
    this.sections.forEach(({ root }) => root.replaceChildren());
    this.addAll(texts);
    this.changed();
  }

  add(key, body, focus) {
    const [variant, language] = this.parts(key);
    const { root, picker } = this.sections.get(variant) ?? {};
    if (!root) return;
    const box = this.template.content.firstElementChild.cloneNode(true);
    const name = this.data.languages.find(({ code }) => code === language)?.name ?? language;
    box.dataset.language = key;
    box.querySelector("[data-part=name]").textContent = name;
    const area = box.querySelector("textarea");
    area.id = `text-${key}`;
    area.lang = language;
    area.value = body;
    box.querySelector("label").htmlFor = area.id;
    const problems = box.querySelector("[data-part=problems]");
    problems.id = `problems-${key}`;
    area.setAttribute("aria-describedby", problems.id);
    area.addEventListener("input", () => this.changed());
    box.querySelectorAll("[data-placeholder]").forEach((chip) => {
      chip.addEventListener("click", () => this.insert(area, `{${chip.dataset.placeholder}}`));
    });
    const remove = box.querySelector("[data-act=remove]");
    remove.setAttribute("aria-label", say(this.words.removeLanguage, { language: name }));
    remove.addEventListener("click", () => {
      box.remove();
      this.fillPickers();
      this.changed();
      picker.focus();
    });
    box.querySelector("[data-act=cheaper]").addEventListener("click", (event) => {
      area.value = event.currentTarget.dataset.offer;
      this.changed();
      area.focus();
    });
    root.append(box);
    if (focus) {
      this.fillPickers();
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
    bubble.lang = this.parts(text.language)[1];
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

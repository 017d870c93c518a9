// Saving under a version: nothing of a colleague is overwritten, and nothing of one's own is lost on the way.

import { announce, ask, el, say } from "./dom.js";
import { Problem, explain, getJson, postJson } from "./net.js";

const sorted = (_, value) =>
  value && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
    : value;

/** Equal whatever the order of names: the database keeps its own. */
const same = (a, b) => JSON.stringify(a, sorted) === JSON.stringify(b, sorted);

/** Fields that differ between two drafts, without their versions. */
export function differingFields(one, other) {
  return Object.keys(one).filter((name) => !["version", "saved_at"].includes(name) && name in other && !same(one[name], other[name]));
}

/** Keeps what is saved, tells whether the screen differs from it, saves, and settles conflicts. */
export class Saver {
  constructor({ data, draft, values, take }) {
    Object.assign(this, { data, values, take, words: data.words });
    this.saved = draft;
    this.state = document.querySelector("[data-save-state]");
    this.running = null;
    this.savedText = "";
    document.querySelector('[data-act="save"]').addEventListener("click", () => this.save());
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
        event.preventDefault();
        this.save();
      }
    });
    window.addEventListener("beforeunload", (event) => {
      if (this.leaving || this.changes().length === 0) return;
      event.preventDefault();
      event.returnValue = this.words.leave;
    });
  }

  /** Names of the fields that differ from what is saved. */
  changes() {
    return differingFields(this.values(), this.saved);
  }

  touched() {
    queueMicrotask(() => {
      if (this.running) return;
      const changed = this.changes().length > 0;
      this.say(changed ? this.words.unsaved : "", changed ? "unsaved" : "");
    });
  }

  say(text, kind) {
    this.state.textContent = text;
    this.state.dataset.kind = kind;
  }

  /** Save what changed; true when everything on the screen is saved afterwards. */
  async save() {
    if (this.running) return this.running;
    this.running = this.saveOnce().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  async saveOnce() {
    const values = this.values();
    const names = this.changes();
    if (names.length === 0) {
      this.say(this.savedText, this.savedText ? "saved" : "");
      return true;
    }
    this.say(this.words.saving, "saving");
    try {
      const changes = Object.fromEntries(names.map((name) => [name, values[name]]));
      const saved = await postJson(this.data.urls.save, { version: this.saved.version, changes });
      // What was typed while saving stays unsaved; what the service tidied (blanks at the ends) counts as saved.
      this.saved = { ...saved, ...Object.fromEntries(names.map((name) => [name, values[name]])) };
      this.showFaults([]);
      this.savedText = say(this.words.saved, { time: saved.saved_at });
      this.say(this.savedText, "saved");
      announce(this.savedText);
      return true;
    } catch (error) {
      this.say(this.words.notSaved, "failed");
      if (error instanceof Problem && error.code === "version-conflict") return this.settle();
      if (error instanceof Problem && error.code === "wrong-state") this.showFaults([], error.message);
      else this.showFaults(error.faults ?? [], error.faults?.length ? error.message : explain(error, this.words));
      return false;
    }
  }

  /** List what is wrong above the form, each with a way to its field. */
  showFaults(faults, title = "") {
    const box = document.querySelector("[data-faults]");
    box.hidden = faults.length === 0 && !title;
    if (box.hidden) return;
    box.querySelector("[data-faults-title]").textContent = title;
    box.querySelector("[data-faults-list]").replaceChildren(...faults.map((fault) => el("li", {}, this.faultLink(fault))));
    box.focus();
  }

  faultLink(fault) {
    const [head, rest] = fault.path.split(".");
    const target = head === "texts" ? (rest ? `text-${rest}` : "add-language") : head.startsWith("area") ? "map" : `field-${head}`;
    const text = `${fault.field}: ${fault.mend}`;
    if (!document.getElementById(target)) return document.createTextNode(text);
    return el("a", {
      href: `#${target}`, text,
      onclick: (event) => {
        event.preventDefault();
        const field = document.getElementById(target);
        const folded = field.closest("details");
        if (folded) folded.open = true;
        field.focus();
      },
    });
  }

  /** Show both versions field by field and go on with the chosen ones; true when that could be saved. */
  async settle() {
    const theirs = await getJson(this.data.urls.draft);
    const mine = this.values();
    const changedByMe = differingFields(mine, this.saved);
    const changedByThem = differingFields(theirs, this.saved);
    const contested = changedByMe.filter((name) => changedByThem.includes(name) && !same(mine[name], theirs[name]));
    const dialog = document.getElementById("conflict-dialog");
    dialog.querySelector("[data-conflict-fields]").replaceChildren(
      ...(contested.length ? contested : changedByThem).map((name) => this.choice(name, mine[name], theirs[name], !contested.length)));
    if ((await ask(dialog)) !== "merge") return false;
    const merged = { ...theirs };
    changedByMe.forEach((name) => {
      const chosen = dialog.querySelector(`input[name="choice-${name}"]:checked`)?.value ?? "mine";
      if (chosen === "mine") merged[name] = mine[name];
    });
    this.saved = theirs;
    this.take(merged);
    return this.saveOnce();
  }

  choice(name, mine, theirs, onlyTheirs) {
    const option = (value, label, content, checked) => el("label", { class: "conflict-side" },
      el("span", { class: "conflict-who" }, el("input", { type: "radio", name: `choice-${name}`, value, checked }), ` ${label}`),
      el("span", { class: "conflict-value", text: this.shown(name, content) }));
    return el("fieldset", { class: "conflict-field" }, el("legend", { text: this.data.fields[name] ?? name }),
      option("mine", this.words.mine, mine, !onlyTheirs), option("theirs", this.words.theirs, theirs, onlyTheirs));
  }

  shown(name, value) {
    if (name === "areas") {
      const add = (kind) => String(value.reduce((sum, area) => sum + area[kind].length, 0));
      return say(this.words.areasSummary, { polygons: add("polygons"), circles: add("circles") });
    }
    if (name === "texts") return Object.entries(value).map(([language, text]) => `${language}: ${text}`).join("\n\n");
    if (name === "mission_id" || document.getElementById(`field-${name}`)?.tagName === "SELECT") {
      const option = [...document.getElementById(`field-${name}`).options].find((each) => each.value === String(value ?? ""));
      return option?.textContent ?? String(value ?? "");
    }
    return String(value ?? "").trim() || this.words.empty;
  }
}

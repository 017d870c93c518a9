// Asking for approval: everything is saved first, and the dialog repeats what the second officer will see.

import { el, number } from "./dom.js";
import { Problem, explain, getJson, postJson } from "./net.js";

/** Wires the button and the dialog. */
export class Submission {
  constructor({ data, saver, values, count, preview, button, isDrill }) {
    Object.assign(this, { data, saver, values, count, preview, isDrill });
    this.dialog = document.getElementById("submit-dialog");
    this.labels = JSON.parse(document.getElementById("submit-labels").content.textContent);
    this.now = this.dialog.querySelector('[data-act="submit-now"]');
    button.addEventListener("click", () => this.open());
    this.now.addEventListener("click", () => this.submit());
  }

  async open() {
    if (!(await this.saver.save())) return;
    try {
      const { faults } = await getJson(this.data.urls.ready);
      if (faults.length) {
        this.saver.showFaults(faults, this.data.words.missing);
        return;
      }
    } catch (error) {
      this.saver.showFaults(error.faults ?? [], explain(error, this.data.words));
      return;
    }
    this.saver.showFaults([]);
    this.fill();
    this.dialog.showModal();
  }

  fill() {
    const values = this.values();
    const counted = this.count();
    const preview = this.preview();
    const names = values.areas.map((area) => area.description).filter(Boolean);
    const status = document.getElementById("field-status");
    const languages = Object.keys(values.texts).filter((key) => !key.includes(":")).map((code) => this.data.languages.find((each) => each.code === code)?.name ?? code);
    const rows = [
      ["headline", values.headline],
      ["kind", status.options[status.selectedIndex].textContent],
      ["areas", names.join(", ") || values.place],
      ["people", counted ? number(counted.total) : "–"],
      ["languages", languages.join(", ")],
      ["cost", preview?.cost || "–"],
      ["expires", `${values.expires.replace("T", " ")} ${this.data.zone} = ${preview?.expires ?? ""}`],
    ];
    this.dialog.querySelector("[data-submit-facts]").replaceChildren(
      ...rows.map(([key, value]) => el("div", {}, el("dt", { text: this.labels[key] }), el("dd", { text: value, "data-fact": key }))));
    this.dialog.querySelector("[data-submit-drill]").hidden = !this.isDrill();
  }

  async submit() {
    this.now.setAttribute("aria-disabled", "true");
    try {
      const answer = await postJson(this.data.urls.submit, { audience: this.count()?.total ?? null });
      this.saver.leaving = true;
      window.location.assign(answer.page);
    } catch (error) {
      this.dialog.close();
      const faults = error instanceof Problem ? error.faults : [];
      this.saver.showFaults(faults, faults.length ? this.data.words.missing : explain(error, this.data.words));
    } finally {
      this.now.removeAttribute("aria-disabled");
    }
  }
}


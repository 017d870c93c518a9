// The areas as a list and as numbers: everything that the mouse can draw, the keyboard can write.

import { el, number, say } from "./dom.js";

const ROWS = 25;

const isSame = (a, b) => Boolean(a && b) && a.area === b.area && a.kind === b.kind && a.index === b.index;

function numberInput(label, value, { min, max, step = "any" }, act) {
  const input = el("input", { type: "number", value, min, max, step, "aria-label": label, required: true });
  input.addEventListener("change", () => {
    if (input.checkValidity()) act(Number(input.value));
    else input.reportValidity();
  });
  return input;
}

/** Keeps the list of shapes and the table of the selected one. */
export class ShapeList {
  constructor(root, model, words) {
    Object.assign(this, { root, model, words });
    this.page = 0;
    this.waiting = false;
    model.addEventListener("changed", () => this.renderSoon());
    model.addEventListener("selected", () => {
      this.page = 0;
      this.renderSoon();
    });
    this.render();
  }

  /** Wait until the browser has moved the focus: a field tells of its change before the Tab key has left it. */
  renderSoon() {
    if (this.waiting) return;
    this.waiting = true;
    setTimeout(() => {
      this.waiting = false;
      this.render();
    });
  }

  render() {
    const focused = this.root.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const items = this.model.areas.map((area, at) => this.areaItem(area, at));
    this.root.replaceChildren(...(items.length ? items : [el("p", { class: "empty", text: this.words.noArea })]));
    if (focused) this.root.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  areaItem(area, at) {
    const name = el("input", {
      type: "text", value: area.description, maxlength: 200, placeholder: this.words.areaName, "data-key": `name-${at}`,
      "aria-label": say(this.words.areaNameOf, { number: at + 1 }),
    });
    name.addEventListener("change", () => this.model.rename(at, name.value.trim()));
    const remove = el("button", {
      type: "button", class: "icon-button", "data-key": `remove-${at}`, text: "✕",
      "aria-label": say(this.words.removeArea, { name: area.description || at + 1 }), onclick: () => this.model.removeArea(at),
    });
    const shapes = [
      ...area.polygons.map((ring, index) => this.shapeItem({ area: at, kind: "polygon", index }, say(this.words.polygon, { corners: number(ring.length - 1) }))),
      ...area.circles.map((circle, index) => this.shapeItem({ area: at, kind: "circle", index }, say(this.words.circle, { radius: number(circle.radius_km) }))),
    ];
    return el("section", { class: "area-item" }, el("div", { class: "area-head" }, name, remove), ...shapes);
  }

  shapeItem(selection, label) {
    const open = isSame(selection, this.model.selection);
    const key = `${selection.area}-${selection.kind}-${selection.index}`;
    const toggle = el("button", {
      type: "button", class: "shape-toggle", "aria-expanded": String(open), "data-key": `toggle-${key}`, text: label,
      onclick: () => this.model.select(open ? null : selection),
    });
    const remove = el("button", {
      type: "button", class: "icon-button", text: "✕", "data-key": `drop-${key}`,
      "aria-label": say(this.words.removeShape, { shape: label }), onclick: () => this.model.remove(selection),
    });
    const head = el("div", { class: "shape-head" }, toggle, remove);
    return el("div", { class: "shape-item" }, head, open ? this.numbersOf(selection) : null);
  }

  numbersOf(selection) {
    const shape = this.model.selected();
    return selection.kind === "circle" ? this.circleNumbers(selection, shape) : this.ringTable(selection, shape);
  }

  circleNumbers(selection, circle) {
    const set = (center, radius) => this.model.replaceCircle(selection, center, radius);
    const field = (label, input) => {
      input.dataset.key = `circle-${label}`;
      return el("label", {}, el("span", { text: label }), input);
    };
    const [lat, lon] = circle.center;
    return el("div", { class: "circle-numbers" },
      field(this.words.latitude, numberInput(this.words.latitude, lat, { min: -90, max: 90 }, (value) => set([value, lon], circle.radius_km))),
      field(this.words.longitude, numberInput(this.words.longitude, lon, { min: -180, max: 180 }, (value) => set([lat, value], circle.radius_km))),
      field(this.words.radiusKm, numberInput(this.words.radiusKm, circle.radius_km, { min: 0.1, max: 20004 }, (value) => set(circle.center, value))),
    );
  }

  ringTable(selection, ring) {
    const corners = ring.slice(0, -1);
    const pages = Math.ceil(corners.length / ROWS);
    this.page = Math.min(this.page, pages - 1);
    const first = this.page * ROWS;
    const rows = corners.slice(first, first + ROWS).map((corner, offset) => this.cornerRow(selection, corners, first + offset));
    const table = el("table", { class: "corners" },
      el("thead", {}, el("tr", {}, ...["", this.words.latitude, this.words.longitude, ""].map((text, column) =>
        text ? el("th", { scope: "col", text }) : el("td", { class: column === 0 ? "corner-number" : "" })))),
      el("tbody", {}, ...rows));
    const pager = pages > 1 ? this.pager(pages, corners.length, first) : null;
    return el("div", { class: "ring-numbers" }, table, pager);
  }

  cornerRow(selection, corners, at) {
    const replace = (corner) => this.model.replaceRing(selection, corners.map((each, index) => (index === at ? corner : each)));
    const [lat, lon] = corners[at];
    const label = (name) => say(this.words.cornerOf, { number: at + 1, name });
    const latitude = numberInput(label(this.words.latitude), lat, { min: -90, max: 90 }, (value) => replace([value, lon]));
    const longitude = numberInput(label(this.words.longitude), lon, { min: -180, max: 180 }, (value) => replace([lat, value]));
    latitude.dataset.key = `lat-${at}`;
    longitude.dataset.key = `lon-${at}`;
    const next = corners[(at + 1) % corners.length];
    const between = [(lat + next[0]) / 2, Math.abs(next[1] - lon) > 180 ? lon : (lon + next[1]) / 2];
    const insert = el("button", {
      type: "button", class: "icon-button", text: "+", "data-key": `insert-${at}`, "aria-label": say(this.words.insertCorner, { number: at + 1 }),
      onclick: () => this.model.replaceRing(selection, [...corners.slice(0, at + 1), between, ...corners.slice(at + 1)]),
    });
    const remove = el("button", {
      type: "button", class: "icon-button", text: "✕", "data-key": `cut-${at}`, disabled: corners.length <= 3,
      "aria-label": say(this.words.removeCorner, { number: at + 1 }),
      onclick: () => this.model.replaceRing(selection, corners.filter((_, index) => index !== at)),
    });
    return el("tr", {}, el("th", { scope: "row", text: String(at + 1) }), el("td", {}, latitude), el("td", {}, longitude), el("td", { class: "corner-acts" }, insert, remove));
  }

  pager(pages, total, first) {
    const turn = (by) => () => {
      this.page += by;
      this.render();
    };
    const range = say(this.words.cornerRange, { first: number(first + 1), last: number(Math.min(total, first + ROWS)), total: number(total) });
    return el("div", { class: "pager" },
      el("button", { type: "button", class: "icon-button", text: "‹", disabled: this.page === 0, "data-key": "page-back", "aria-label": this.words.previous, onclick: turn(-1) }),
      el("span", { text: range }),
      el("button", { type: "button", class: "icon-button", text: "›", disabled: this.page >= pages - 1, "data-key": "page-on", "aria-label": this.words.next, onclick: turn(1) }));
  }
}

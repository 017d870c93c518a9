// Finding a place by its name: a city becomes a circle around it, a country its whole land.

import { debounce, el } from "./dom.js";
import { explain, getJson } from "./net.js";

const QUIET_MS = 200;

/** The search field over the map, a combobox with a list below it. */
export class PlaceSearch {
  constructor({ data, words, onCity, onCountry, onPlaceName }) {
    Object.assign(this, { data, words, onCity, onCountry, onPlaceName });
    this.input = document.getElementById("place-query");
    this.radius = document.getElementById("place-radius");
    this.list = document.getElementById("place-results");
    this.forget();
    this.running = null;
    this.later = debounce(() => this.search(), QUIET_MS);
    this.input.addEventListener("input", () => this.later());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.radius.addEventListener("keydown", (event) => this.key(event));
    // From the name to the radius and back is one act; only who goes elsewhere is done with the list.
    for (const field of [this.input, this.radius]) field.addEventListener("blur", () => setTimeout(() => this.left(), 150));
  }

  left() {
    if (![this.input, this.radius].includes(document.activeElement)) this.close();
  }

  forget() {
    this.found = [];
    this.active = -1;
    this.asked = "";
  }

  async search() {
    const query = this.input.value.trim();
    this.running?.abort();
    if (!query) {
      this.close();
      return;
    }
    this.running = new AbortController();
    try {
      const answer = await getJson(`${this.data.urls.places}?${new URLSearchParams({ q: query })}`, { signal: this.running.signal });
      this.asked = query;
      this.show(answer.places);
    } catch (error) {
      if (error.name !== "AbortError") this.tell(explain(error, this.words));
    }
  }

  show(places) {
    this.found = places;
    this.active = places.length ? 0 : -1;
    if (!places.length) {
      this.tell(this.words.noPlace);
      return;
    }
    this.list.replaceChildren(...places.map((place, index) => this.option(place, index)));
    this.open();
  }

  option(place, index) {
    return el("li", {
      role: "option", id: `place-${index}`, "aria-selected": String(index === this.active),
      onmousedown: (event) => {
        event.preventDefault();
        this.choose(index);
      },
    }, el("b", { text: place.name }), el("small", { text: place.kind === "country" ? this.words.country : place.country_name }));
  }

  tell(text) {
    this.forget();
    this.list.replaceChildren(el("li", { role: "option", "aria-disabled": "true", class: "none", text }));
    this.open();
  }

  open() {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    if (this.active >= 0) this.input.setAttribute("aria-activedescendant", `place-${this.active}`);
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    if (event.key === "Escape") {
      this.close();
    } else if (event.target === this.input && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      if (!this.found.length) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.active = (this.active + step + this.found.length) % this.found.length;
      [...this.list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === this.active)));
      this.list.children[this.active].scrollIntoView({ block: "nearest" });
      this.open();
    } else if (event.key === "Enter") {
      event.preventDefault();
      // What the list holds was found for what stands in the field, or it is looked for now.
      if (this.active >= 0 && this.asked === this.input.value.trim()) this.choose(this.active);
      else this.search();
    }
  }

  async choose(index) {
    const place = this.found[index];
    this.close();
    this.forget();
    this.input.value = "";
    if (place.kind === "city") {
      const radius = Math.min(5000, Math.max(1, Number(this.radius.value) || 50));
      this.onCity(place, radius);
      this.onPlaceName(place.name);
      return;
    }
    try {
      const answer = await getJson(this.data.urls.country.replace("XX", place.code));
      this.onCountry(answer.areas);
      this.onPlaceName(place.name);
    } catch (error) {
      this.tell(explain(error, this.words));
    }
  }
}


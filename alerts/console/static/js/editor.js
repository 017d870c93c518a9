// The editor: joins form, texts, map, count and saving on one page.

import { AudienceCount } from "./count.js";
import { announce, debounce, number, pageData, say } from "./dom.js";
import { Drawing } from "./drawing.js";
import { formValues, fillForm } from "./form.js";
import { makeMap } from "./map.js";
import { AreaModel } from "./model.js";
import { PlaceSearch } from "./places.js";
import { Saver } from "./save.js";
import { ShapeList } from "./shapelist.js";
import { Submission } from "./submission.js";
import { takeTemplates } from "./template.js";
import { Texts } from "./texts.js";

const data = pageData("editor-data");
const draft = pageData("editor-draft");
const words = data.words;
const form = document.getElementById("draft-form");
const byAct = (name) => document.querySelector(`[data-act="${name}"]`);

const model = new AreaModel(draft.areas);
const isDrill = () => form.elements.status.value !== "Actual";

/** Everything on the screen, in the shape in which it is stored. */
const screenValues = () => ({ ...formValues(form), areas: model.areas, precisions: count.precisions, texts: texts.values() });

const count = new AudienceCount(document.querySelector("[data-count]"), data.urls.count, words, (answer) => {
  proposeMission(answer.mission_id);
  texts.refresh();
}, {
  precisions: draft.precisions,
  onChoice: () => {
    saver.touched();
    count.request(model.areas, isDrill());
  },
});

const facts = () => {
  const values = formValues(form);
  return {
    status: values.status, place: values.place, event: values.event, mission_id: values.mission_id, onset: values.onset,
    expires: values.expires, area_names: model.areas.map((area) => area.description), audience: count.latest?.total ?? 0,
    languages: count.latest?.languages ?? {},
  };
};

// A mission is proposed for an area that was drawn here, until somebody has chosen one.
let missionIsOurs = form.elements.mission_id.value === "";
let areaWasDrawn = false;
form.elements.mission_id.addEventListener("change", () => {
  missionIsOurs = false;
});

function proposeMission(id) {
  if (!missionIsOurs || !areaWasDrawn || !id || form.elements.mission_id.value === String(id)) return;
  form.elements.mission_id.value = String(id);
  formChanged();
}

let latestPreview = null;

function showPreview(answer) {
  latestPreview = answer;
  const cost = answer?.cost ? say(words.costFor, { cost: answer.cost, count: number(answer.audience) }) : "";
  document.querySelector("[data-cost]").textContent = cost;
  document.querySelector("[data-cost-total]").textContent = cost;
  const note = document.querySelector("[data-expires-note]");
  note.textContent = answer ? `= ${answer.expires}` : "";
  note.classList.toggle("over", Boolean(answer?.expired));
}

const texts = new Texts(
  document.querySelectorAll("[data-texts]"), document.getElementById("text-box"), { ...data, texts: draft.texts },
  words, facts, () => saver.touched(), showPreview,
);

const saver = new Saver({
  data, draft, values: screenValues,
  take: (next) => {
    fillForm(form, next);
    count.precisions = next.precisions;
    model.change((areas) => areas.splice(0, areas.length, ...next.areas), null);
    texts.reset(next.texts);
    formChanged();
  },
});

new Submission({
  data, saver, values: screenValues, count: () => count.latest, preview: () => latestPreview, button: byAct("submit"), isDrill,
});

function formChanged() {
  document.querySelector("[data-headline]").textContent = form.elements.headline.value;
  document.body.classList.toggle("is-drill", isDrill());
  document.querySelector("[data-drill-strip]").hidden = !isDrill();
  saver.touched();
  texts.refresh();
}

form.addEventListener("input", (event) => {
  if (event.target.closest("[data-texts], [data-shapes]")) return;
  formChanged();
});
form.elements.status.addEventListener("change", () => count.request(model.areas, isDrill()));
form.addEventListener("submit", (event) => event.preventDefault());

takeTemplates(document.querySelector("[data-template]"), texts, words);

new ShapeList(document.querySelector("[data-shapes]"), model, words);
model.addEventListener("changed", () => {
  areaWasDrawn = true;
  saver.touched();
  count.request(model.areas, isDrill());
  texts.refresh();
  tellTools();
});
model.addEventListener("selected", tellTools);

function tellTools() {
  byAct("undo").disabled = model.past.length === 0;
  byAct("redo").disabled = model.future.length === 0;
  byAct("delete").disabled = model.selected() === null;
}

function tellMode(shape) {
  document.querySelectorAll("[data-draw]").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.dataset.draw === shape));
  });
  const hint = document.querySelector("[data-map-hint]");
  hint.hidden = !shape;
  hint.textContent = shape ? words[`draw${shape}`] : "";
}

function wireTools(drawing, overlay) {
  document.querySelectorAll("[data-draw]").forEach((button) => {
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-pressed") === "true") drawing.stop();
      else drawing.start(button.dataset.draw);
    });
  });
  byAct("undo").addEventListener("click", () => model.undo());
  byAct("redo").addEventListener("click", () => model.redo());
  byAct("fit").addEventListener("click", () => drawing.fit());
  byAct("delete").addEventListener("click", () => model.selection && model.remove(model.selection));
  byAct("heat").addEventListener("click", (event) => {
    const shown = event.currentTarget.getAttribute("aria-pressed") !== "true";
    event.currentTarget.setAttribute("aria-pressed", String(shown));
    overlay.showHeat(shown);
  });
  drawing.onMode = tellMode;
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, dialog");
    if (event.key === "Escape") drawing.stop();
    if (typing) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
      event.preventDefault();
      if (event.shiftKey) model.redo();
      else model.undo();
    } else if ((event.key === "Delete" || event.key === "Backspace") && model.selected() && document.activeElement?.id === "map") {
      event.preventDefault();
      model.remove(model.selection);
    }
  });
}

const { map, overlay } = await makeMap(document.getElementById("map"), data.urls, draft.areas);
let untouched = true;
["pointerdown", "wheel", "keydown"].forEach((kind) => map.getContainer().addEventListener(kind, () => {
  untouched = false;
}, { passive: true }));
const drawing = new Drawing(map, model, words);
wireTools(drawing, overlay);
new PlaceSearch({
  data, words,
  onCity: (place, radiusKm) => {
    model.addCircle([place.lat, place.lon], radiusKm, place.name);
    announce(say(words.around, { place: place.name, radius: number(radiusKm) }));
    drawing.fit();
  },
  onCountry: (areas) => {
    model.addAreas(areas);
    drawing.fit();
  },
  onPlaceName: (name) => {
    if (form.elements.place.value.trim()) return;
    form.elements.place.value = name;
    formChanged();
  },
});
drawing.fit();
// The panel of the count grows with its first answer; what is drawn must be whole in view after that.
new ResizeObserver(debounce(() => untouched && drawing.fit(), 120)).observe(map.getContainer());
tellTools();
count.request(model.areas, isDrill());
document.documentElement.dataset.editor = "ready";

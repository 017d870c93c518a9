// An alert's own page: the map to look at, who is inside now, the dialogs of the decision, and reloading when it moved on.

import { AudienceCount } from "./count.js";
import { Curve, figuresOnPage } from "./curve.js";
import { number, pageData } from "./dom.js";
import { showAreas } from "./map.js";
import { getJson, postJson } from "./net.js";

const data = pageData("alert-data");
const holder = document.getElementById("alert-state");
const panel = document.querySelector("[data-count]");

async function showCost(answer) {
  const total = document.querySelector("[data-approve-total]");
  if (total) total.textContent = number(answer.total);
  const typed = document.querySelector("[data-type-number]");
  if (typed) {
    typed.hidden = answer.total + data.told < data.typeFrom;
    typed.querySelector("input").required = !typed.hidden;
  }
  try {
    const { cost } = await postJson(data.urls.cost, { audience: answer.total, languages: answer.languages });
    document.querySelectorAll("[data-cost], [data-approve-cost]").forEach((place) => {
      place.textContent = cost ? `≈ ${cost}` : "";
    });
  } catch (error) {
    // The cost is never a reason not to warn anybody; the number of people stays on the page without it.
    console.warn(error.message);
  }
}

const count = panel ? new AudienceCount(panel, data.urls.count, data.words, showCost, { precisions: data.precisions }) : null;
count?.request(data.areas, data.drill);

document.querySelector('[data-act="print"]')?.addEventListener("click", () => window.print());

const open = document.querySelector("[data-open-dialog]");
if (open) document.getElementById(open.dataset.openDialog)?.showModal();

/** Load the page again when its state moved on, unless somebody is writing in one of its dialogs. */
async function lookAgain() {
  try {
    const now = await getJson(holder.dataset.stateSrc);
    const moved = now.state !== holder.dataset.state || String(now.version) !== holder.dataset.version;
    if (moved && !document.querySelector("dialog[open]")) window.location.reload();
  } catch (error) {
    // The live indicator in the bar says that the service is away; the next hint looks again.
    console.warn(error.message);
  }
}

document.addEventListener("live:changed", (event) => {
  if (!event.detail.topic || event.detail.topic.startsWith("alert:")) lookAgain();
});
// Hints that came before this file was here, on a slow line the very first among them, were heard by nobody.
lookAgain();

const holderOfCurve = document.getElementById("curve");
if (holderOfCurve) {
  const curve = new Curve(holderOfCurve);
  // A report without its curve is still the report; its figures stand above.
  const ready = curve.live ? Promise.resolve(curve.add(figuresOnPage())) : curve.load().catch((error) => console.warn(error.message));
  ready.then(() => document.addEventListener("live:updated", () => curve.add(figuresOnPage())));
}

const element = document.getElementById("map");
await showAreas(element, data.urls, data.areas);
document.documentElement.dataset.alert = "ready";

// Starts the page: which view is shown, the language, and who is told when something changes.

import { refreshCarrier, showCounters } from "./carrier.js";
import { listen } from "./carrier-link.js";
import { chooseInList, refreshList } from "./list.js";
import { redrawPhone, refreshPhone, showPhone, shownNumber } from "./phone.js";
import { refreshWall } from "./wall.js";
import { applyWords, chooseLanguage, t } from "./words.js";

const VIEWS = ["handsets", "wall", "carrier"];
let connected = null;

function route() {
  const [, asked = "handsets", number = ""] = location.hash.split("/");
  const view = VIEWS.includes(asked) ? asked : "handsets";
  document.body.dataset.view = view;
  document.body.dataset.phone = number ? "open" : "closed";
  for (const each of document.querySelectorAll("[data-view-of]")) each.hidden = each.dataset.viewOf !== view;
  for (const each of document.querySelectorAll("[data-tab]")) {
    if (each.dataset.tab === view) each.setAttribute("aria-current", "page");
    else each.removeAttribute("aria-current");
  }
  if (view === "handsets") {
    refreshList();
    chooseInList(decodeURIComponent(number));
    showPhone(decodeURIComponent(number));
  } else if (view === "wall") refreshWall();
  else refreshCarrier();
}

function onEvent(event) {
  showCounters(event);
  const view = document.body.dataset.view;
  if (!event.many && !event.changed.length) return;
  if (view === "handsets") {
    refreshList();
    if (event.many || event.changed.includes(shownNumber())) refreshPhone();
  } else if (view === "wall") refreshWall();
}

function onState(up) {
  if (up && connected === false) route();
  connected = up;
  document.getElementById("link-dot").classList.toggle("up", up);
  document.getElementById("link-words").dataset.t = up ? "live" : "lost";
  document.getElementById("link-words").textContent = t(up ? "live" : "lost");
}

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    chooseLanguage(button.dataset.language);
    redrawPhone();
    refreshCarrier();
    route();
  });
}

applyWords();
addEventListener("hashchange", route);
route();
listen(onEvent, onState);

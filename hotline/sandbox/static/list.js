// The list of handsets: searched and paged by the carrier, so that twenty thousand cost no more than forty.

import { ask, calmly } from "./carrier-link.js";
import { badge, el } from "./elements.js";
import { clock, countryName, t } from "./words.js";

const PAGE = 40;
const query = document.getElementById("query");
const rows = document.getElementById("rows");
const count = document.getElementById("list-count");
const back = document.getElementById("list-back");
const more = document.getElementById("list-more");
let offset = 0;
let chosen = "";

function row(handset) {
  const last = handset.last;
  const bad = last && ["failed", "undelivered"].includes(last.status);
  const state = handset.off ? t("off") : handset.opted_out ? t("opted_out") : "";
  return el(
    "li",
    {},
    el(
      "a",
      {
        href: `#/handsets/${handset.number}`,
        class: `row${handset.unread ? " has-unread" : ""}${handset.off ? " is-off" : ""}`,
        "aria-current": handset.number === chosen ? "true" : null,
      },
      badge(handset.country, countryName(handset.country)),
      el(
        "span",
        { class: "who" },
        el("span", { class: "name" }, handset.name || handset.number),
        el("span", { class: "number" }, handset.name ? handset.number : "", handset.place ? ` ${handset.place}` : ""),
      ),
      el("span", { class: "when" }, last ? clock(last.at) : ""),
      el("span", { class: `preview${bad ? " bad" : ""}` }, last ? last.body : t("no_texts")),
      el(
        "span",
        { class: "marks" },
        state ? el("span", { class: "state" }, state) : null,
        handset.unread
          ? el("span", { class: "badge", "aria-label": t("unread", handset.unread) }, String(Math.min(handset.unread, 99)))
          : null,
      ),
    ),
  );
}

async function load() {
  const path = `/page/handsets?q=${encodeURIComponent(query.value)}&offset=${offset}&limit=${PAGE}`;
  const page = await ask("GET", path);
  const focused = rows.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  rows.replaceChildren(...page.handsets.map(row));
  if (!page.handsets.length) {
    rows.append(el("li", { class: "empty" }, query.value ? t("none_found") : t("none_yet")));
  }
  if (focused) rows.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  count.textContent = query.value ? t("count_found", page.handsets.length) : t("count", page.total);
  back.disabled = offset === 0;
  more.disabled = !page.more;
}

export const refreshList = calmly(load, 400);

export function chooseInList(number) {
  chosen = number;
  for (const each of rows.querySelectorAll("a")) {
    if (each.getAttribute("href") === `#/handsets/${number}`) each.setAttribute("aria-current", "true");
    else each.removeAttribute("aria-current");
  }
}

query.addEventListener("input", () => {
  offset = 0;
  refreshList();
});
back.addEventListener("click", () => {
  offset = Math.max(0, offset - PAGE);
  refreshList();
});
more.addEventListener("click", () => {
  offset += PAGE;
  refreshList();
});

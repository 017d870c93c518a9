// The wall: several phones side by side, each keeping its place while it stays among those shown.

import { ask, calmly } from "./carrier-link.js";
import { badge, el } from "./elements.js";
import { frame } from "./phone.js";
import { countryName, t } from "./words.js";

const phones = document.getElementById("wall-phones");
const query = document.getElementById("wall-query");
const count = document.getElementById("wall-count");
let slots = [];
const lastSeq = new Map();

function place(handsets) {
  const byNumber = new Map(handsets.map((handset) => [handset.number, handset]));
  const kept = slots.slice(0, handsets.length).map((number) => (byNumber.has(number) ? number : null));
  const fresh = handsets.map((handset) => handset.number).filter((number) => !kept.includes(number));
  slots = handsets.map((_, index) => kept[index] || fresh.shift());
  return slots.map((number) => byNumber.get(number));
}

function card(handset) {
  const last = handset.conversation.at(-1);
  const arrived = last && !last.mine && last.status === "delivered" && lastSeq.get(handset.number) !== last.seq;
  const lit = arrived && Date.now() / 1000 - last.updated < 6;
  if (arrived) lastSeq.set(handset.number, last.seq);
  return el(
    "a",
    { class: `wall-phone${lit ? " lit" : ""}`, href: `#/handsets/${handset.number}` },
    frame(handset, handset.conversation, null, true),
    el(
      "span",
      { class: "caption" },
      badge(handset.country, countryName(handset.country)),
      el("span", { class: "name" }, handset.name || handset.number),
      el("span", { class: "place" }, handset.place || countryName(handset.country)),
    ),
  );
}

async function load() {
  if (phones.closest("[hidden]")) return;
  const page = await ask("GET", `/page/wall?q=${encodeURIComponent(query.value)}&count=${count.value}`);
  const focused = document.activeElement?.getAttribute?.("href");
  phones.dataset.count = count.value;
  phones.replaceChildren(...place(page.handsets).map(card));
  if (!page.handsets.length) phones.append(el("p", { class: "choose" }, query.value ? t("none_found") : t("none_yet")));
  // A long text is read from its beginning, so the latest one is brought up to the top edge.
  for (const list of phones.querySelectorAll(".conversation")) {
    list.scrollTop = (list.lastElementChild?.offsetTop || 0) - list.offsetTop - 6;
  }
  if (focused) phones.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
}

export const refreshWall = calmly(load, 500);

query.addEventListener("input", refreshWall);
count.addEventListener("change", refreshWall);

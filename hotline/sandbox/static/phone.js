// One phone: its frame, its conversation, and what can be done with it.

import { callScreen, dialButton, lastCall } from "./call.js";
import { ask, calmly } from "./carrier-link.js";
import { badge, el, withLinks } from "./elements.js";
import { mailCard, together } from "./mail.js";
import { followCall } from "./sound.js";
import { clock, countryName, errorWords, t } from "./words.js";

const stage = document.getElementById("stage");
const FAULTS_OF_ONE = [30003, 30004, 30005, 30006, 30007, 30008, 21211, 21408, 21610, 21614];
let number = "";
let shown = "";
let before = null;
let notice = { words: "", bad: false };
let parts = null;

export function bubble(text, fresh) {
  if (text.mail) return mailCard(text, fresh);
  const bad = ["failed", "undelivered"].includes(text.status);
  const facts = [
    `${text.encoding} · ${t(text.segments === 1 ? "part" : "parts", text.segments)}`,
    `${t(`status_${text.status}`)} ${clock(text.updated)}`,
  ];
  if (text.error_code) facts.push(`${text.error_code} ${errorWords(text.error_code)}`);
  return el(
    "li",
    { class: `text ${text.mine ? "mine" : "theirs"} is-${text.status}${fresh ? " fresh" : ""}` },
    el("p", { class: "bubble" }, ...withLinks(text.body)),
    el("p", { class: `facts${bad ? " bad" : ""}` }, facts.join(" · ")),
  );
}

// The frame with its screen; the caller fills conversation and foot.
export function frame(handset, conversation, foot, small, call = null) {
  const service = [...conversation].reverse().find((text) => !text.mine && !text.mail)?.from || t("service");
  const waiting = conversation.filter((text) => text.status === "sent").length;
  const screen = handset.off
    ? el(
        "div",
        { class: "screen dark-screen" },
        el("p", { class: "off-words" }, t("off_screen")),
        waiting ? el("p", {}, t("waiting", waiting)) : null,
      )
    : el(
        "div",
        { class: "screen" },
        el(
          "div",
          { class: "status-bar", "aria-hidden": "true" },
          el("span", {}, clock(Date.now() / 1000)),
          el("span", { class: "signal" }, el("i"), el("i"), el("i"), el("i")),
        ),
        el(
          "div",
          { class: "phone-head" },
          el("span", { class: "face", "aria-hidden": "true" }, "✉"),
          el("span", { class: "sender" }, service),
          small ? null : dialButton(handset, () => draw(handset)),
        ),
        el(
          "ol",
          { class: "conversation", tabindex: small ? null : "0" },
          ...conversation.map((text) => bubble(text, Date.now() / 1000 - (text.mail ? text.at : text.updated) < 4 && (text.mail || text.status === "delivered"))),
        ),
        foot,
        call,
      );
  return el("div", { class: `phone${small ? " small" : ""}${handset.off ? " is-off" : ""}` }, screen);
}

function composer() {
  const input = el("input", { type: "text", maxlength: "1600", autocomplete: "off", placeholder: t("reply"), "aria-label": t("reply"), name: "reply" });
  const button = el("button", { type: "submit", "aria-label": t("send") }, "↑");
  return el("form", { class: "composer", onsubmit: (event) => send(event, input, button) }, input, button);
}

async function send(event, input, button) {
  event.preventDefault();
  const body = input.value.trim();
  if (!body) return;
  button.disabled = true;
  tell(t("sending"), false);
  try {
    const outcome = await ask("POST", `/page/handsets/${encodeURIComponent(number)}/reply`, { body });
    input.value = "";
    if (outcome.reached) tell(t("reply_ok"), false);
    else tell(`${t(`reply_${outcome.reason}`, outcome.detail || "")}`, true);
  } catch (problem) {
    tell(t("failed_request", problem.message), true);
  }
  button.disabled = false;
  refreshPhone();
}

function tell(words, bad) {
  notice = { words, bad };
  if (parts) {
    parts.notice.textContent = words;
    parts.notice.classList.toggle("bad", bad);
  }
}

function toggle(label, hint, on, change) {
  const box = el("input", { type: "checkbox", role: "switch", checked: on, onchange: () => change(box.checked) });
  return el("div", { class: "toggle" }, el("label", {}, box, el("span", {}, label)), el("p", { class: "hint" }, hint));
}

async function setState(values) {
  await ask("POST", `/page/handsets/${encodeURIComponent(number)}/state`, values);
  refreshPhone();
}

function faultChoice(handset) {
  const current = handset.faults.find((rule) => ["error_code", "refusal"].includes(rule.kind));
  const select = el(
    "select",
    {
      onchange: async () => {
        for (const kind of ["error_code", "refusal"]) {
          await ask("DELETE", `/control/faults?to=${encodeURIComponent(number)}&kind=${kind}`);
        }
        if (select.value) await ask("POST", "/control/faults", { kind: "error_code", to: number, value: Number(select.value) });
        refreshPhone();
      },
    },
    el("option", { value: "" }, t("fault_none")),
    ...FAULTS_OF_ONE.map((code) =>
      el("option", { value: String(code), selected: current?.value === code }, `${code} ${errorWords(code)}`),
    ),
  );
  return el("label", { class: "field" }, el("span", {}, t("fault_here")), select);
}

function landing(handset) {
  const select = el(
    "select",
    {
      onchange: async () => {
        const country = select.value;
        if (!country) return;
        select.value = "";
        try {
          const outcome = await ask("POST", `/page/handsets/${encodeURIComponent(number)}/land`, { country });
          if (outcome.reached) tell(t("land_ok", countryName(country)), false);
          else tell(t(`land_${outcome.reason}`, outcome.detail || ""), true);
        } catch (problem) {
          tell(t("failed_request", problem.message), true);
        }
      },
    },
    el("option", { value: "" }, t("land_choose")),
    ...handset.countries.map((code) => el("option", { value: code }, countryName(code))),
  );
  return el("label", { class: "field" }, el("span", {}, t("land_here")), select);
}

function facts(handset) {
  return el(
    "aside",
    { class: "facts-card" },
    el("a", { class: "to-list", href: "#/handsets" }, t("back")),
    el(
      "div",
      { class: "person" },
      badge(handset.country, countryName(handset.country)),
      el(
        "div",
        {},
        el("h2", {}, handset.name || t("unnamed")),
        el("p", { class: "number" }, handset.number),
        handset.email ? el("p", { class: "place" }, `✉ ${handset.email}`) : null,
        el("p", { class: "place" }, [handset.place, countryName(handset.country)].filter(Boolean).join(" · ")),
      ),
    ),
    el(
      "div",
      { class: "switches" },
      toggle(`${t("power")}: ${t(handset.off ? "off" : "on")}`, t("power_hint"), !handset.off, (on) => setState({ off: !on })),
      toggle(t("opt_toggle"), t("opt_hint"), handset.opted_out, (on) => setState({ opted_out: on })),
      faultChoice(handset),
      landing(handset),
      lastCall(handset.call, handset.number),
    ),
  );
}

async function load() {
  if (!number) return;
  const asked = number;
  const handset = await ask("GET", `/page/handsets/${encodeURIComponent(asked)}?read=1${before ? `&before=${before}` : ""}`);
  if (asked !== number) return;
  const seen = JSON.stringify([handset, document.documentElement.lang]);
  if (seen === shown) return;
  shown = seen;
  draw(handset);
}

function draw(handset) {
  const kept = [".composer input", ".talk input"].map((place) => {
    const typed = stage.querySelector(place);
    return { place, value: typed?.value || "", focused: Boolean(typed) && document.activeElement === typed };
  });
  const old = stage.querySelector(".conversation");
  const atEnd = !old || old.scrollHeight - old.scrollTop - old.clientHeight < 40;
  const top = old?.scrollTop || 0;
  const open = document.activeElement?.tagName === "SELECT" && stage.contains(document.activeElement);
  if (open) return;
  const foot = composer();
  const redraw = () => {
    shown = "";
    refreshPhone();
  };
  const call = callScreen(handset, tell, redraw);
  const pressed = document.activeElement?.dataset?.key;
  const phone = frame(handset, together(handset), foot, false, call);
  const list = phone.querySelector(".conversation");
  if (list && handset.earlier) {
    const earlier = el("button", { type: "button", onclick: () => page(handset.conversation[0].seq) }, t("earlier"));
    list.prepend(el("li", { class: "earlier" }, earlier));
  }
  const words = el("p", { class: `notice${notice.bad ? " bad" : ""}`, role: "status" }, notice.words);
  parts = { notice: words };
  stage.replaceChildren(el("div", { class: "device" }, phone, words), facts(handset));
  for (const { place, value, focused } of kept) {
    const input = stage.querySelector(place);
    if (!input) continue;
    input.value = value;
    if (focused) input.focus();
  }
  followCall(handset);
  if (call && pressed) call.querySelector(`[data-key="${CSS.escape(pressed)}"]`)?.focus();
  const said = call?.querySelector(".call-lines");
  if (said) said.scrollTop = said.scrollHeight;
  if (list) list.scrollTop = atEnd ? list.scrollHeight : top;
}

function page(seq) {
  before = seq;
  refreshPhone();
}

export const refreshPhone = calmly(load, 250);

export function showPhone(chosen) {
  if (chosen !== number) {
    number = chosen;
    shown = "";
    before = null;
    notice = { words: "", bad: false };
    stage.replaceChildren();
  }
  if (number) refreshPhone();
  else followCall(null);
  if (!number) stage.replaceChildren(el("p", { class: "choose" }, t("choose")));
}

export function redrawPhone() {
  shown = "";
  notice = { words: "", bad: false };
  showPhone(number);
}

export function shownNumber() {
  return number;
}

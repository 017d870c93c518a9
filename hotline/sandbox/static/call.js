// A call on a phone: it rings, is answered or not, what is said can be read, and keys are pressed.

import { ask } from "./carrier-link.js";
import { el } from "./elements.js";
import { t } from "./words.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

function act(number, what, tell, refresh, keys = "") {
  return async () => {
    try {
      await ask("POST", `/page/handsets/${number}/call`, { act: what, keys });
      tell("", false);
    } catch (problem) {
      tell(t("failed_request", problem.message), true);
    }
    refresh();
  };
}

function heard(call) {
  return el(
    "ol",
    { class: "call-lines", tabindex: "0", "aria-label": t("call_said") },
    ...call.lines.map((line) =>
      line.startsWith("#")
        ? el("li", { class: "call-key" }, t("call_pressed", line.slice(1)))
        : el("li", {}, line),
    ),
  );
}

// The whole screen while a call rings or is on; null when there is none.
export function callScreen(handset, tell, refresh) {
  const call = handset.call;
  if (!call || call.over || handset.off || call.status === "queued") return null;
  const does = (what, keys) => act(handset.number, what, tell, refresh, keys);
  const head = el(
    "div",
    { class: "call-head" },
    el("span", { class: "face", "aria-hidden": "true" }, "☎"),
    el("p", { class: "sender" }, call.from),
    el("p", { class: "call-state", role: "status" }, t(call.status === "ringing" ? "call_ringing" : "call_on")),
  );
  if (call.status === "ringing") {
    const buttons = el(
      "div",
      { class: "call-buttons" },
      el("button", { type: "button", class: "call-decline", onclick: does("decline") }, t("call_decline")),
      el("button", { type: "button", class: "call-answer", onclick: does("answer") }, t("call_answer")),
    );
    return el("div", { class: "call-screen is-ringing" }, head, buttons);
  }
  const pad = el(
    "div",
    { class: "keypad", role: "group", "aria-label": t("call_keys") },
    ...KEYS.map((key) => el("button", { type: "button", "data-key": key, onclick: does("press", key) }, key)),
  );
  const hangUp = el("button", { type: "button", class: "call-decline", onclick: does("hangup") }, t("call_hangup"));
  return el("div", { class: "call-screen" }, head, heard(call), pad, el("div", { class: "call-buttons" }, hangUp));
}

// What became of the latest call, beside the phone.
export function lastCall(call) {
  if (!call) return null;
  return el(
    "details",
    { class: "last-call", open: call.over && call.lines.length > 0 },
    el("summary", {}, `${t("call_last")}: ${t(`call_${call.status}`)}`),
    call.lines.length ? heard(call) : el("p", { class: "hint" }, t("call_nothing_said")),
  );
}

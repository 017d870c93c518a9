// A call on a phone: it rings, is answered or not, what is said can be read, keys are pressed, words are said.

import { ask } from "./carrier-link.js";
import { el } from "./elements.js";
import { keyTone, soundOn, turnSound } from "./sound.js";
import { t } from "./words.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const NOTES = {
  entered: "note_entered", connected: "note_connected", dialling: "note_dialling", waits: "note_waits", leaves: "note_leaves",
  beep: "note_beep", mute: "note_mute", unmute: "note_unmute", hold: "note_hold", unhold: "note_unhold", modify: "note_modify",
  "rejected:": "note_rejected", tones: "note_tones", error: "note_error",
};
let dialling = "";

function act(number, what, tell, refresh, words = "") {
  return async () => {
    if (what === "press") keyTone(words);
    try {
      await ask("POST", `/page/handsets/${encodeURIComponent(number)}/call`, { act: what, words });
      tell("", false);
    } catch (problem) {
      tell(t("failed_request", problem.message), true);
    }
    refresh();
  };
}

function noteWords(text) {
  const [first, ...rest] = text.split(" ");
  const word = NOTES[first];
  return word ? t(word, rest.filter((each) => each !== "in").join(" ")) : text;
}

function heardLine(line, mine) {
  const said = { class: `call-${line.kind}${line.kind === "talk" && line.who === mine ? " is-mine" : ""}` };
  if (line.kind === "key") return el("li", said, t("call_pressed", line.text));
  if (line.kind === "note") return el("li", said, noteWords(line.text));
  if (line.kind === "play") return el("li", said, line.text === "hold-music" ? t("call_music") : t("call_sound"));
  if (line.kind === "talk") {
    return el("li", said, line.who === mine ? null : el("span", { class: "call-who" }, line.who), line.text);
  }
  return el("li", { ...said, lang: line.language || null }, line.text);
}

function heard(call, number) {
  return el(
    "ol",
    { class: "call-lines", tabindex: "0", "aria-label": t("call_said") },
    ...call.heard.map((line) => heardLine(line, number)),
  );
}

function lasted(call) {
  if (!call.started) return "";
  const seconds = Math.max(0, Math.floor(Date.now() / 1000 - call.started));
  return ` ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function stateWords(call) {
  if (call.status === "ringing") return t(call.mine ? "call_outgoing" : "call_ringing");
  if (call.with.length) return `${t("call_with", call.with.join(", "))}${lasted(call)}`;
  if (call.place === "room" || call.place === "queue") return `${t("call_waiting")}${lasted(call)}`;
  return `${t(call.wants_key ? "call_asks" : "call_on")}${lasted(call)}`;
}

function soundButton(refresh) {
  const on = soundOn();
  return el(
    "button",
    {
      type: "button", class: "call-sound", "aria-pressed": String(on), "aria-label": t("call_sound_switch"), title: t("call_sound_switch"),
      onclick: () => {
        turnSound(!on);
        refresh();
      },
    },
    on ? "🔊" : "🔇",
  );
}

function head(call, refresh) {
  return el(
    "div",
    { class: "call-head" },
    el("span", { class: "face", "aria-hidden": "true" }, "☎"),
    el("p", { class: "sender" }, call.from),
    el("p", { class: "call-state", role: "status" }, stateWords(call)),
    soundButton(refresh),
  );
}

function talkForm(number, tell, refresh) {
  const input = el("input", {
    type: "text", maxlength: "1600", autocomplete: "off", placeholder: t("call_talk"), "aria-label": t("call_talk"), name: "talk",
  });
  return el(
    "form",
    {
      class: "talk",
      onsubmit: (event) => {
        event.preventDefault();
        const words = input.value.trim();
        input.value = "";
        if (words) act(number, "talk", tell, refresh, words)();
      },
    },
    input,
    el("button", { type: "submit", "aria-label": t("call_say") }, "↑"),
  );
}

function ringingScreen(call, number, does, refresh) {
  const decline = el("button", { type: "button", class: "call-decline", onclick: does("decline") }, t("call_decline"));
  const answer = el("button", { type: "button", class: "call-answer", onclick: does("answer") }, t("call_answer"));
  const machine = el("button", { type: "button", class: "call-machine", onclick: does("voicemail") }, t("call_voicemail"));
  return el("div", { class: "call-screen is-ringing" }, head(call, refresh), machine, el("div", { class: "call-buttons" }, decline, answer));
}

// The whole screen while a call rings or is on, or while a number is chosen; null when there is neither.
export function callScreen(handset, tell, refresh) {
  const { call, number } = handset;
  const does = (what, words) => act(number, what, tell, refresh, words);
  if (handset.off) return null;
  if (!call || call.over || call.status === "queued") return dialling === number ? dialScreen(handset, does, refresh) : null;
  dialling = "";
  if (call.status === "ringing" && !call.mine) return ringingScreen(call, number, does, refresh);
  const pad = el(
    "div",
    { class: "keypad", role: "group", "aria-label": t("call_keys") },
    ...KEYS.map((key) => el("button", { type: "button", "data-key": key, onclick: does("press", key) }, key)),
  );
  const hangUp = el("button", { type: "button", class: "call-decline", onclick: does("hangup") }, t("call_hangup"));
  return el(
    "div",
    { class: `call-screen${call.wants_key ? " wants-key" : ""}` },
    head(call, refresh),
    heard(call, number),
    talkForm(number, tell, refresh),
    pad,
    el("div", { class: "call-buttons" }, hangUp),
  );
}

function dialScreen(handset, does, refresh) {
  const numbers = handset.numbers.map((line) =>
    el(
      "li",
      {},
      el("button", { type: "button", "data-dial": line.number, onclick: does("dial", line.number) },
        el("b", {}, line.name || t("service")), el("span", {}, line.number)),
    ),
  );
  const close = () => {
    dialling = "";
    refresh();
  };
  return el(
    "div",
    { class: "call-screen dial-screen" },
    el("p", { class: "dial-title" }, t("dial_title")),
    numbers.length ? el("ul", { class: "dial-numbers" }, ...numbers) : el("p", { class: "call-state" }, t("dial_none")),
    el("div", { class: "call-buttons" }, el("button", { type: "button", class: "call-back", onclick: close }, t("dial_back"))),
  );
}

// The button on a phone's first screen that opens the list of numbers.
export function dialButton(handset, refresh) {
  return el(
    "button",
    {
      type: "button", class: "dial-open", "aria-label": t("dial_title"), title: t("dial_title"),
      onclick: () => {
        dialling = handset.number;
        refresh(true);
      },
    },
    "☎",
  );
}

// What became of the latest call, beside the phone.
export function lastCall(call, number) {
  if (!call) return null;
  return el(
    "details",
    { class: "last-call", open: call.over && call.heard.length > 0 },
    el("summary", {}, `${t("call_last")}: ${t(`call_${call.status}`)}`),
    call.over && call.heard.length ? heard(call, number) : el("p", { class: "hint" }, t(call.over ? "call_nothing_said" : "call_on_phone")),
  );
}

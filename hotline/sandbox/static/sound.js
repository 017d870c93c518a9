// What a call sounds like: tones and music are made here, words are spoken by the browser, sounds come from the carrier.

import { soundAddress } from "./carrier-link.js";

const KEPT = "sandbox-sound";
const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477];
const PAD = ["123", "456", "789", "*0#"];
const MUSIC = [392, 523.25, 659.25, 523.25, 440, 587.33, 698.46, 587.33];
const FRESH_S = 4;
let context = null;
let loop = { kind: "", timer: 0 };
let followed = { sid: "", at: 0, keys: 0 };
let player = null;

export function soundOn() {
  return localStorage.getItem(KEPT) !== "off";
}

export function turnSound(on) {
  localStorage.setItem(KEPT, on ? "on" : "off");
  if (!on) silence();
}

// A browser gives sound only after somebody has touched the page; until then nothing is tried.
function audio() {
  if (!navigator.userActivation?.hasBeenActive || !window.AudioContext) return null;
  context ||= new AudioContext();
  return context;
}

function tone(pitches, seconds, { after = 0, loud = 0.06, shape = "sine" } = {}) {
  const found = soundOn() ? audio() : null;
  if (!found) return;
  const start = found.currentTime + after;
  const gain = found.createGain();
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(loud, start + 0.015);
  gain.gain.setValueAtTime(loud, start + Math.max(0.02, seconds - 0.03));
  gain.gain.linearRampToValueAtTime(0, start + seconds);
  gain.connect(found.destination);
  for (const pitch of pitches) {
    const source = found.createOscillator();
    source.type = shape;
    source.frequency.value = pitch;
    source.connect(gain);
    source.start(start);
    source.stop(start + seconds);
  }
}

export function keyTone(key) {
  const row = PAD.findIndex((keys) => keys.includes(key));
  if (row >= 0) tone([ROWS[row], COLUMNS[PAD[row].indexOf(key)]], 0.14);
}

const LOOPS = {
  bell: [3000, () => [0, 0.12, 0.24, 0.36, 0.48, 0.6].forEach((after, n) => tone([n % 2 ? 1320 : 1056], 0.1, { after, loud: 0.05 }))],
  ringback: [5000, () => tone([440, 480], 1)],
  music: [2400, () => MUSIC.forEach((pitch, n) => tone([pitch], 0.34, { after: n * 0.3, loud: 0.03, shape: "triangle" }))],
};

function play(kind) {
  if (loop.kind === kind) return;
  clearInterval(loop.timer);
  loop = { kind, timer: 0 };
  if (!kind) return;
  const [every, make] = LOOPS[kind];
  make();
  loop.timer = setInterval(make, every);
}

function speak(words, language) {
  if (!soundOn() || !window.speechSynthesis || !navigator.userActivation?.hasBeenActive) return;
  const spoken = new SpeechSynthesisUtterance(words);
  if (language) spoken.lang = language;
  speechSynthesis.speak(spoken);
}

function playFile(name) {
  if (!soundOn() || !audio()) return;
  player?.pause();
  player = new Audio(soundAddress(name));
  // A sound that cannot be played is shown as a line all the same.
  player.play().catch(() => {});
}

function hush() {
  window.speechSynthesis?.cancel();
  player?.pause();
  player = null;
}

export function silence() {
  play("");
  hush();
}

function fresh(call, number) {
  for (const line of call.heard) {
    if (line.at <= followed.at) continue;
    followed.at = line.at;
    if (Date.now() / 1000 - line.at > FRESH_S) continue;
    if (line.kind === "key") hush();
    else if (line.kind === "say") speak(line.text, line.language);
    else if (line.kind === "talk" && line.who !== number) speak(line.text, document.documentElement.lang);
    else if (line.kind === "play" && line.text !== "hold-music") playFile(line.sound);
    else if (line.kind === "note" && line.text === "beep") tone([1000], 0.25);
  }
}

// Lets the call of the phone that is shown be heard; called with every change, and with null when none is shown.
export function followCall(handset) {
  const call = handset?.call;
  if (!call || call.over || handset.off || call.status === "queued") {
    if (followed.sid) {
      silence();
      if (call?.sid === followed.sid && call.over) tone([480, 620], 0.5);
    }
    followed = { sid: "", at: 0 };
    return;
  }
  if (call.sid !== followed.sid) followed = { sid: call.sid, at: 0 };
  fresh(call, handset.number);
  const last = call.heard.at(-1);
  if (call.status === "ringing") play(call.mine ? "ringback" : "bell");
  else if (call.place === "dialling") play("ringback");
  else play(last?.kind === "play" && last.text === "hold-music" ? "music" : "");
}

// The frame's own behaviour: clock, keyboard, dialogs, confirmations. Everything else on a page works without it.
"use strict";

document.documentElement.classList.add("js");

const byData = (name, root = document) => root.querySelectorAll(`[data-${name}]`);

// --- Clock: the server's time, so that a wrong clock on the desk misleads nobody. -----------------------------------
function startClock(holder) {
  const serverStartMs = Number(holder.dataset.clock) * 1000;
  const offsetMs = Number(holder.dataset.offset) * 60000;
  const pageStart = performance.now();
  const here = holder.querySelector("[data-clock-here]");
  const utc = holder.querySelector("[data-clock-utc]");
  const clockText = (ms) => new Date(ms).toISOString().slice(11, 16);
  const show = () => {
    const nowMs = serverStartMs + performance.now() - pageStart;
    here.textContent = clockText(nowMs + offsetMs);
    utc.textContent = clockText(nowMs);
  };
  show();
  setInterval(show, 1000);
}

// --- Dialogs ----------------------------------------------------------------------------------------------------------
function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
}

function closePopups(except) {
  for (const popup of document.querySelectorAll("details.popup[open]")) {
    if (!popup.contains(except)) popup.open = false;
  }
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) openDialog(opener.dataset.opens);
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog").close();
  closePopups(event.target);
});

// --- Confirmation: a form with data-confirm asks first, then is submitted once. ----------------------------------------
const agreed = new WeakSet();

function askFirst(form, submitter) {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("[data-confirm-title]").textContent = form.dataset.confirmTitle || "";
  dialog.querySelector("[data-confirm-text]").textContent = form.dataset.confirm;
  dialog.querySelector("[data-confirm-yes]").textContent = form.dataset.confirmYes || "OK";
  dialog.returnValue = "";
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return;
    agreed.add(form);
    form.requestSubmit(submitter || undefined);
  }, { once: true });
  dialog.showModal();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !agreed.has(form)) {
    event.preventDefault();
    askFirst(form, event.submitter);
    return;
  }
  if (form.method !== "post") return;
  // A second click must not send the same form again. The button is dimmed after the browser has read its value.
  setTimeout(() => { if (event.submitter && !event.defaultPrevented) event.submitter.setAttribute("aria-disabled", "true"); }, 0);
  if (form.dataset.sent && !event.defaultPrevented) event.preventDefault();
  form.dataset.sent = "yes";
});

window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of byData("sent")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("form [aria-disabled]")) button.removeAttribute("aria-disabled");
});

// --- Keyboard: `g` and a letter goes to a page, `/` to the search field, `?` shows the list. ---------------------------
const KEYS_OFF = "hotline-keys-off";
const SEQUENCE_MS = 1500;
let goUntil = 0;

function keysAreOn() {
  try { return localStorage.getItem(KEYS_OFF) === null; } catch { return true; }
}

function isTyping(element) {
  return element.isContentEditable || (element.closest("input, textarea, select") !== null && !element.matches("[type=checkbox], [type=radio]"));
}

function goTo(letter) {
  for (const link of byData("go")) {
    if (link.dataset.go === letter) { link.click(); return true; }
  }
  return false;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closePopups(null);
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !keysAreOn()) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.timeStamp < goUntil) {
    goUntil = 0;
    if (goTo(event.key.toLowerCase())) event.preventDefault();
    return;
  }
  if (event.key === "g") {
    goUntil = event.timeStamp + SEQUENCE_MS;
  } else if (event.key === "?") {
    openDialog("help");
    event.preventDefault();
  } else if (event.key === "/") {
    const field = document.querySelector("[data-search]");
    if (field) { field.focus(); field.select(); event.preventDefault(); }
  }
});

for (const box of byData("keys-on")) {
  box.checked = keysAreOn();
  box.addEventListener("change", () => {
    try {
      if (box.checked) localStorage.removeItem(KEYS_OFF);
      else localStorage.setItem(KEYS_OFF, "1");
    } catch { /* storage is switched off in this browser: the choice lasts for this page only */ }
  });
}

for (const holder of byData("clock")) startClock(holder);

// The open desk. Its forms are sent in the background and its live parts looked at again, so that nothing that is being typed is
// lost; what was typed into the write-up also outlives a walk to another page and back, in this window, for this officer and call.
"use strict";

(() => {
  const KEYS_OFF = "hotline-keys-off";
  const DRAFT = "hotline-desk-draft";
  const NOTE_CHARS = 1000;
  const SEQUENCE_MS = 1500; // as long as the console waits for the letter after `g`
  const desk = document.getElementById("desk");
  const errorBox = document.getElementById("desk-error");
  const dialogs = document.getElementById("desk-dialogs");
  const writeUp = document.getElementById("write-up");
  const shown = () => document.querySelector("[data-call]")?.dataset.call || "";
  let known = shown();
  let goUntil = 0;

  // --- Keys: a button with data-act-key is pressed by its letter; a capital one needs Shift. By the place of the key on the
  // keyboard, so that they work while Korean letters are switched on.
  function keysAreOn() {
    try { return localStorage.getItem(KEYS_OFF) === null; } catch { return true; }
  }

  function letterOf(event) {
    const found = /^Key([A-Z])$/.exec(event.code);
    if (!found) return "";
    return event.shiftKey ? found[1] : found[1].toLowerCase();
  }

  function isTyping(element) {
    return element.isContentEditable || (element.closest("input, textarea, select") !== null && !element.matches("[type=checkbox], [type=radio]"));
  }

  const PLACES = { w: "write-note", o: "out-phone" };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || !keysAreOn()) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const letter = letterOf(event);
    if (letter === "g") { goUntil = performance.now() + SEQUENCE_MS; return; }
    if (!letter || performance.now() < goUntil) { goUntil = 0; return; }
    const target = document.querySelector(`[data-act-key="${letter}"]`);
    if (target && !target.hidden) { event.preventDefault(); target.click(); return; }
    const field = document.getElementById(PLACES[letter]);
    if (field) { event.preventDefault(); field.focus(); }
  });

  // --- Forms in the background.
  function say(text) {
    errorBox.replaceChildren();
    if (!text) return;
    const notice = document.createElement("div");
    notice.className = "notice notice-warn";
    notice.textContent = text;
    errorBox.append(notice);
    errorBox.scrollIntoView({ block: "nearest" });
  }

  async function lookAgain() {
    const focused = document.activeElement?.id;
    for (const part of document.querySelectorAll("[data-live-src]")) {
      const answer = await fetch(part.dataset.liveSrc, { headers: { "X-Fragment": "1" }, redirect: "manual" });
      // While a question is open its form must stay; the page looks again by itself once it is answered.
      if (!answer.ok || document.getElementById("confirm").open) continue;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
      part.replaceChildren(...fresh.childNodes);
      part.dispatchEvent(new CustomEvent("live:updated", { bubbles: true }));
    }
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  async function send(form, submitter) {
    const data = new FormData(form, submitter);
    // The note so far goes along to whoever looks at an abusive call, or takes one over.
    const note = document.getElementById("write-note");
    if (/\/(protect|pass-on|hand-over|queue)$/.test(form.action) && note) data.set("note", note.value.slice(0, NOTE_CHARS));
    let answer;
    try {
      answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(data), headers: { "X-Fragment": "1" } });
    } catch {
      say(errorBox.dataset.offline);
      return;
    } finally {
      delete form.dataset.sent;
      for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
    }
    if (answer.redirected && new URL(answer.url).pathname.startsWith("/sign-in")) { location.reload(); return; }
    if (!answer.ok) {
      const told = await answer.json().catch(() => ({ error: errorBox.dataset.offline, field: "" }));
      form.closest("dialog")?.close();
      say(told.error || told.detail || errorBox.dataset.offline);
      if (told.field) form.querySelector(`[name="${CSS.escape(told.field)}"]`)?.focus();
      return;
    }
    say("");
    form.closest("dialog")?.close();
    if (form.dataset.deskForm === "clear" || form.closest("dialog")) { form.reset(); keep(); }
    await lookAgain();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.dataset.deskForm === undefined) return;
    event.preventDefault();
    send(form, event.submitter);
  });

  // --- Dialogs belong to one call. Another one brings its own, but never while one is open: what is typed there stays.
  async function renewDialogs() {
    if (shown() === known || dialogs.querySelector("dialog[open]")) return;
    known = shown();
    const answer = await fetch(dialogs.dataset.src, { headers: { "X-Fragment": "1" }, redirect: "manual" });
    if (!answer.ok || dialogs.querySelector("dialog[open]")) { known = ""; return; }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    dialogs.replaceChildren(...fresh.childNodes);
  }

  document.addEventListener("live:updated", renewDialogs);
  dialogs.addEventListener("close", renewDialogs, true);

  // Which colleagues are free changes by the minute: the choice is filled anew each time its dialog is opened.
  document.addEventListener("click", async (event) => {
    if (!event.target.closest("[data-opens=invite-dialog]")) return;
    const answer = await fetch(dialogs.dataset.src, { headers: { "X-Fragment": "1" }, redirect: "manual" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("invite-colleague");
    const choice = document.getElementById("invite-colleague");
    if (fresh && choice) choice.replaceWith(fresh);
  });

  dialogs.addEventListener("input", (event) => {
    const list = document.getElementById(event.target.dataset.filters || "");
    if (!list) return;
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of list.querySelectorAll("[data-words]")) {
      const text = row.dataset.words.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });

  // --- The write-up's draft.
  function keep() {
    if (!writeUp) return;
    const values = [...new FormData(writeUp)].filter(([name, value]) => name !== "csrf_token" && value !== "");
    try {
      if (values.length) sessionStorage.setItem(DRAFT, JSON.stringify({ officer: desk.dataset.officer, call: shown(), values }));
      else sessionStorage.removeItem(DRAFT);
    } catch { /* storage is switched off in this browser: the draft lives as long as the page */ }
  }

  function restore() {
    if (!writeUp) return;
    let draft = null;
    try { draft = JSON.parse(sessionStorage.getItem(DRAFT) || "null"); } catch { return; }
    if (!draft) return;
    if (draft.officer !== desk.dataset.officer || draft.call !== shown()) { sessionStorage.removeItem(DRAFT); return; }
    for (const [name, value] of draft.values) {
      for (const field of writeUp.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (field.matches("[type=checkbox], [type=radio]")) field.checked = field.checked || field.value === value;
        else if (field.value === "") field.value = value;
      }
    }
  }

  writeUp?.addEventListener("input", keep);
  restore();
})();

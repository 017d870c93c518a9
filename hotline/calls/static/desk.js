// Keys of the desk: a button or an opener with data-act-key is pressed by its letter, outside fields and dialogs.
// When another call comes, its dialogs are fetched; while it is the same call they are left alone, so that nothing is lost in them.
"use strict";

(() => {
  const KEYS_OFF = "hotline-keys-off";
  const dialogs = document.getElementById("desk-dialogs");
  const shown = () => document.querySelector("[data-call]")?.dataset.call || "";
  const SEQUENCE_MS = 1500; // as long as the console waits for the letter after `g`
  let known = shown();
  let goUntil = 0;

  function keysAreOn() {
    try { return localStorage.getItem(KEYS_OFF) === null; } catch { return true; }
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || !keysAreOn()) return;
    if (event.target.closest("input, textarea, select") || document.querySelector("dialog[open]")) return;
    if (event.key === "g") { goUntil = performance.now() + SEQUENCE_MS; return; }
    if (performance.now() < goUntil) { goUntil = 0; return; }
    const button = document.querySelector(`[data-act-key="${CSS.escape(event.key)}"]`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  document.addEventListener("live:updated", async () => {
    if (shown() === known || !dialogs) return;
    known = shown();
    const answer = await fetch(dialogs.dataset.src, { headers: { "X-Fragment": "1" }, redirect: "manual" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    dialogs.replaceChildren(...fresh.childNodes);
  });
})();

// Without this script the page works by itself. With it, a press carries the phone's location where the person allows it, has
// a name of its own so that it can be repeated safely, and is sent again until a bad line has carried it.
"use strict";

(() => {
  const LOCATE_MS = 8000;
  const SEND_MS = 25000;
  const TRIES = 40;
  const WAIT_MS = 4000;
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));

  function prepare() {
    for (const element of document.querySelectorAll(".needs-script")) element.hidden = !navigator.geolocation;
  }

  const locate = () => new Promise((done) => {
    navigator.geolocation.getCurrentPosition((found) => done(found.coords), () => done(null),
      { enableHighAccuracy: true, timeout: LOCATE_MS, maximumAge: 60000 });
  });

  const ownKey = () => "j" + Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  async function post(address, body) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), SEND_MS);
    try {
      const response = await fetch(address, { method: "POST", body, signal: stop.signal });
      if (response.status >= 502) throw new Error(String(response.status));
      return await response.text();
    } finally {
      clearTimeout(timer);
    }
  }

  function show(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    document.title = fresh.title;
    document.body.replaceWith(document.adoptNode(fresh.body));
    prepare();
    window.scrollTo(0, 0);
    document.getElementById("word")?.focus();
  }

  async function send(form, button) {
    const note = form.querySelector(".progress");
    const tell = (text) => { note.hidden = false; note.textContent = text; };
    const pressed = performance.now();
    const body = new URLSearchParams(new FormData(form));
    body.set("say", button.value);
    body.set("key", ownKey());
    for (const each of form.querySelectorAll("button")) each.disabled = true;
    if (form.querySelector("[data-locate]")?.checked && navigator.geolocation) {
      tell(form.dataset.locating);
      const found = await locate();
      if (found) {
        body.set("lat", found.latitude.toFixed(6));
        body.set("lon", found.longitude.toFixed(6));
        body.set("accuracy", String(Math.round(found.accuracy)));
      }
    }
    tell(form.dataset.sending);
    for (let tried = 1; tried <= TRIES; tried += 1) {
      // How long it has waited, because the phone's own clock may be wrong.
      body.set("waited", String(Math.round(performance.now() - pressed)));
      try {
        show(await post(form.action, body));
        return;
      } catch {
        // No line, or a gateway without us behind it: the same answer under the same name may be sent again without harm.
        tell(form.dataset.offline);
        await Promise.race([wait(WAIT_MS * Math.min(tried, 8)), new Promise((done) => window.addEventListener("online", done, { once: true }))]);
      }
    }
    for (const each of form.querySelectorAll("button")) each.disabled = false;
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-answer]") || !event.submitter || !window.fetch || !window.crypto) return;
    event.preventDefault();
    send(event.target, event.submitter);
  });
  prepare();
})();

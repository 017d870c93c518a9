// Live parts of a page. An element with data-live-topic and data-live-src is fetched again when the topic changes.
// The events carry no data: the page always reads the truth. Without events it looks by itself every few seconds.
"use strict";

(() => {
  const POLL_MS = 5000;
  const SLOW_REFRESH_MS = 30000;
  const MIN_GAP_MS = 800;
  const MAX_TOPICS = 8;
  const base = document.body.dataset.liveUrl || "";
  const indicator = document.querySelector(".live");
  const parts = () => [...document.querySelectorAll("[data-live-src]")];
  const state = new WeakMap();
  let signedOut = false;
  let connected = false;

  function show(name) {
    if (!indicator || indicator.dataset.liveState === name) return;
    indicator.dataset.liveState = name;
    const label = indicator.dataset[`label${name[0].toUpperCase()}${name.slice(1)}`];
    indicator.querySelector(".live-label").textContent = label;
    indicator.title = label;
  }

  function replaceContent(element, html) {
    const active = element.contains(document.activeElement) ? document.activeElement : null;
    const fresh = new DOMParser().parseFromString(html, "text/html").body;
    if (fresh.innerHTML === element.innerHTML) return;
    const openIds = [...element.querySelectorAll("details[open][id]")].map((details) => details.id);
    element.replaceChildren(...fresh.childNodes);
    for (const id of openIds) {
      const details = document.getElementById(id);
      if (details) details.open = true;
    }
    if (active) {
      const same = active.id ? document.getElementById(active.id) : element.querySelector(`a[href="${CSS.escape(active.getAttribute("href") || "")}"]`);
      if (same) same.focus({ preventScroll: true });
    }
    element.dispatchEvent(new CustomEvent("live:updated", { bubbles: true }));
  }

  // A question that is open belongs to a form of the page: a form that was replaced meanwhile could not be sent any more.
  async function untilAnswered(mine) {
    const question = document.getElementById("confirm");
    if (!question?.open) return;
    await new Promise((done) => question.addEventListener("close", () => setTimeout(done, 0), { once: true }));
    mine.again = true;
  }

  async function refresh(element) {
    const mine = state.get(element) || { running: false, again: false, lastMs: -Infinity };
    state.set(element, mine);
    if (mine.running || signedOut) { mine.again = true; return; }
    const waitMs = mine.lastMs + MIN_GAP_MS - performance.now();
    mine.running = true;
    if (waitMs > 0) await new Promise((done) => setTimeout(done, waitMs));
    mine.again = false;
    mine.lastMs = performance.now();
    try {
      const response = await fetch(element.dataset.liveSrc, { headers: { "X-Fragment": "1" }, redirect: "manual" });
      if (response.type === "opaqueredirect" || response.status === 401) { signedOut = true; show("out"); }
      else if (response.ok) {
        const html = await response.text();
        await untilAnswered(mine);
        replaceContent(element, html);
        element.classList.remove("is-stale");
      }
      else element.classList.add("is-stale");
    } catch {
      // The server cannot be reached: what is on the page is old, and looks it; the next round tries again.
      element.classList.add("is-stale");
    }
    mine.running = false;
    if (mine.again) refresh(element);
  }

  function refreshAll(topic) {
    for (const element of parts()) {
      if (!topic || element.dataset.liveTopic.split(" ").includes(topic)) refresh(element);
    }
    document.dispatchEvent(new CustomEvent("live:changed", { detail: { topic } }));
  }

  function connect() {
    const wanted = new Set(["system"]);
    for (const element of document.querySelectorAll("[data-live-topic]")) {
      for (const topic of element.dataset.liveTopic.split(" ")) wanted.add(topic);
    }
    const query = [...wanted].slice(0, MAX_TOPICS).map((topic) => `topic=${encodeURIComponent(topic)}`).join("&");
    const source = new EventSource(`${base}/live/events?${query}`, { withCredentials: true });
    source.addEventListener("hello", () => {
      connected = true;
      show("open");
      // What changed while nobody listened, between the making of this page or the loss of the line and now, gave no hint.
      refreshAll();
    });
    source.addEventListener("changed", (event) => refreshAll(JSON.parse(event.data).topic));
    source.addEventListener("error", () => {
      connected = false;
      if (!signedOut) show("polling");
      // The browser tries again by itself unless the server refused for good; then we try anew after a while.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => { if (!signedOut) connect(); }, SLOW_REFRESH_MS);
    });
    window.addEventListener("pagehide", () => source.close(), { once: true });
  }

  setInterval(() => { if (!connected && !document.hidden) refreshAll(); }, POLL_MS);
  setInterval(() => { if (connected && !document.hidden) refreshAll(); }, SLOW_REFRESH_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !connected) refreshAll(); });
  connect();
})();

// Answering in the browser, over the provider's Voice SDK. The page gives it a token that is good for minutes; the next one is fetched
// before the last one ends. Loaded only where the service has a key for it and the agent's telephone is the browser.
"use strict";

(() => {
  const holder = document.getElementById("desk-voice");
  if (!holder || !window.Twilio) return;
  const REFRESH_MS = 60000; // before a token ends
  const RETRY_MS = 15000;
  const KINDS = { waiting: "waiting", ready: "done", rings: "running", talks: "running", muted: "waiting", gone: "fault", microphone: "fault" };
  const badge = document.getElementById("voice-badge");
  const text = document.getElementById("voice-state");
  const answer = document.getElementById("voice-answer");
  const mute = document.getElementById("voice-mute");
  // The SDK would fetch its sounds from elsewhere; all of them are ours.
  const NAMES = ["disconnect", "incoming", "outgoing", "dtmfh", "dtmfs", ...[..."0123456789"].map((digit) => `dtmf${digit}`)];
  const sounds = Object.fromEntries(NAMES.map((name) => [name, holder.dataset.ring]));
  let device = null;
  let call = null;

  function show(name) {
    badge.className = `badge state state-${KINDS[name]}`;
    text.textContent = holder.dataset[`label${name[0].toUpperCase()}${name.slice(1)}`];
    answer.hidden = name !== "rings";
    mute.hidden = name !== "talks" && name !== "muted";
  }

  async function token() {
    const given = await fetch(holder.dataset.token, { headers: { Accept: "application/json" }, redirect: "manual" });
    if (!given.ok) throw new Error(`token: ${given.status}`);
    return (await given.json()).token;
  }

  function rest() {
    call = null;
    show(device && device.state === "registered" ? "ready" : "gone");
  }

  function ring(incoming) {
    if (call) { incoming.ignore(); return; }
    call = incoming;
    show("rings");
    incoming.on("accept", () => show("talks"));
    incoming.on("mute", (muted) => show(muted ? "muted" : "talks"));
    for (const end of ["cancel", "disconnect", "reject"]) incoming.on(end, rest);
    incoming.on("error", (error) => { if (error.code === 31401 || error.code === 31402) show("microphone"); });
  }

  async function renew() {
    try { device.updateToken(await token()); } catch { setTimeout(renew, RETRY_MS); }
  }

  async function connect() {
    try {
      device = new Twilio.Device(await token(), { sounds, tokenRefreshMs: REFRESH_MS, closeProtection: true, logLevel: "silent" });
      device.on("registered", () => { if (!call) show("ready"); });
      device.on("unregistered", () => { if (!call) show("gone"); });
      device.on("error", () => { if (!call) show("gone"); });
      device.on("tokenWillExpire", renew);
      device.on("incoming", ring);
      // Our own sounds of keys and endings would only disturb; the ringing stays.
      device.audio?.outgoing(false);
      device.audio?.disconnect(false);
      await device.register();
    } catch {
      show("gone");
      device?.destroy();
      device = null;
      setTimeout(connect, RETRY_MS);
    }
  }

  answer.addEventListener("click", () => call?.accept());
  mute.addEventListener("click", () => call?.mute(!call.isMuted()));
  connect();
})();

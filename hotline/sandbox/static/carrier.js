// The carrier's panel: running figures, switches for faults, and the normal pace.

import { ask, calmly } from "./carrier-link.js";
import { el } from "./elements.js";
import { forwardedLines } from "./forwarding.js";
import { errorWords, t } from "./words.js";

const KINDS = [
  ["error_code", "code", 30003],
  ["http_429", "", 0],
  ["http_500_before", "", 0],
  ["http_500_after", "", 0],
  ["answer_lost_before", "", 0],
  ["answer_lost_after", "", 0],
  ["answer_delay", "ms", 2000],
  ["queue_delay", "ms", 5000],
  ["delivery_delay", "ms", 5000],
  ["callback_lost", "", 0],
  ["callback_double", "", 0],
  ["callback_reorder", "", 0],
  ["callback_delay", "ms", 3000],
  ["list_lag", "ms", 2000],
];
const CODES = [30001, 30003, 30004, 30005, 30006, 30007, 30008, 30036, 20429, 21211, 21408, 21610, 21614];
const PACE = ["sent_ms", "delivered_ms", "jitter_ms", "parts_per_s", "off_wait_ms", "char_ms", "play_ms", "webhook_ms"];
const HISTORY = 60;
const panel = document.getElementById("carrier-panel");
const history = [];
let latest = null;
let drawn = null;

const number = (value) => value.toLocaleString(document.documentElement.lang);

export function showCounters(event) {
  latest = event;
  history.push(event.per_s);
  if (history.length > HISTORY) history.shift();
  const status = event.counters.by_status;
  const failed = (status.failed || 0) + (status.undelivered || 0);
  document.getElementById("pulse-rate").textContent = number(event.per_s);
  document.getElementById("pulse-delivered").textContent = number(status.delivered || 0);
  document.getElementById("pulse-failed").textContent = number(failed);
  if (drawn && !panel.closest("[hidden]")) {
    drawn.figures.replaceChildren(...figures());
    for (const each of panel.querySelectorAll("[data-struck]")) {
      each.textContent = t("struck", event.counters.faults_struck[each.dataset.struck] || 0);
    }
  }
}

function figures() {
  if (!latest) return [];
  const { counters: all, per_s: rate } = latest;
  const status = all.by_status;
  const onTheWay = (status.queued || 0) + (status.accepted || 0) + (status.sent || 0);
  const failed = (status.failed || 0) + (status.undelivered || 0);
  const refused = Object.values(all.refused).reduce((sum, count) => sum + count, 0);
  const hooks = all.callbacks;
  return [
    figure(t("accepted_per_s"), rate, "wide", spark()),
    figure(t("accepted"), all.accepted),
    figure(t("on_the_way"), onTheWay),
    figure(t("status_delivered"), status.delivered || 0, "good"),
    figure(t("status_undelivered"), failed, failed ? "bad" : ""),
    figure(t("refused"), refused, refused ? "bad" : ""),
    figure(t("callbacks_waiting"), hooks.outstanding),
    figure(t("callbacks_done"), hooks.answered),
    figure(t("callbacks_bad"), hooks.errors + hooks.given_up, hooks.errors + hooks.given_up ? "bad" : ""),
    hooks.last_problem ? el("p", { class: "problem" }, `${t("last_problem")}: ${hooks.last_problem}`) : null,
  ].filter(Boolean);
}

function figure(label, value, kind = "", extra = null) {
  return el("div", { class: `figure-card ${kind}` }, el("b", {}, number(value)), el("span", {}, label), extra);
}

function spark() {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", `0 0 ${HISTORY} 20`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const top = Math.max(10, ...history);
  const points = history.map((rate, index) => `${index + HISTORY - history.length},${20 - (rate / top) * 19}`);
  const line = document.createElementNS(space, "polyline");
  line.setAttribute("points", points.join(" "));
  svg.append(line);
  return svg;
}

function faultForm() {
  const kind = el("select", { name: "kind", onchange: () => offer() }, ...KINDS.map(([name]) => el("option", { value: name }, t(`kind_${name}`))));
  const code = el("select", { name: "code" }, ...CODES.map((each) => el("option", { value: String(each), selected: each === 30003 }, `${each} ${errorWords(each)}`)));
  const delay = el("input", { name: "delay", type: "number", min: "1", max: "3600000", value: "2000" });
  const target = el("input", { name: "to", value: "*", size: "8", maxlength: "20", required: "" });
  const share = el("input", { name: "share", type: "number", min: "0.01", max: "100", step: "any", value: "100" });
  const seed = el("input", { name: "seed", type: "number", min: "0", value: "1" });
  const notice = el("p", { class: "notice bad", role: "status" });
  const codeField = field(t("code"), code);
  const delayField = field(t("ms"), delay);
  function offer() {
    const [, takes, first] = KINDS.find(([name]) => name === kind.value);
    codeField.hidden = takes !== "code";
    delayField.hidden = takes !== "ms";
    if (takes === "ms") delay.value = String(first);
  }
  offer();
  const form = el(
    "form",
    {
      class: "fault-form",
      onsubmit: async (event) => {
        event.preventDefault();
        const [, takes] = KINDS.find(([name]) => name === kind.value);
        const rule = { kind: kind.value, to: target.value.replace(/[\s-]/g, ""), share: Number(share.value), seed: Number(seed.value) };
        if (takes) rule.value = Number(takes === "code" ? code.value : delay.value);
        notice.textContent = "";
        await ask("POST", "/control/faults", rule).then(refreshCarrier, (problem) => (notice.textContent = problem.message));
      },
    },
    field(t("kind"), kind, "grow"),
    codeField,
    delayField,
    field(t("target"), target),
    field(t("share"), share, "short"),
    field(t("seed"), seed, "short"),
    el("button", { type: "submit", class: "go" }, t("set")),
    el("p", { class: "hint full" }, `${t("target")}: ${t("target_hint")}`),
    notice,
  );
  return form;
}

function field(label, control, kind = "") {
  return el("label", { class: `field ${kind}` }, el("span", {}, label), control);
}

function ruleRow(rule) {
  const value = ["error_code", "refusal"].includes(rule.kind) ? `${rule.value} ${errorWords(rule.value)}` : rule.value ? `${number(rule.value)} ${t("ms")}` : "";
  return el(
    "li",
    { class: "rule" },
    el("b", {}, t(`kind_${rule.kind}`)),
    el("span", {}, [value, rule.to, rule.share < 100 ? `${rule.share} % (${t("seed")} ${rule.seed})` : ""].filter(Boolean).join(" · ")),
    el("span", { class: "struck", "data-struck": rule.kind }, t("struck", latest?.counters.faults_struck[rule.kind] || 0)),
    el("button", { type: "button", onclick: () => ask("DELETE", `/control/faults/${rule.id}`).then(refreshCarrier) }, t("clear")),
  );
}

function rules(all) {
  if (!all.length) return el("p", { class: "healthy" }, t("none_in_force"));
  return el(
    "div",
    {},
    el("ul", { class: "rules" }, ...all.slice(-100).reverse().map(ruleRow)),
    el("button", { type: "button", onclick: () => ask("DELETE", "/control/faults").then(refreshCarrier) }, t("clear_all")),
  );
}

function paceForm(behaviour) {
  const inputs = PACE.map((name) => el("input", { name, type: "number", min: "0", max: "86400000", value: String(behaviour[name]) }));
  const url = el("input", { name: "inbound_url", type: "url", value: behaviour.inbound_url, placeholder: "http://127.0.0.1:8000/webhooks/twilio/sms/inbound" });
  const notice = el("p", { class: "notice", role: "status" });
  return el(
    "form",
    {
      class: "pace-form",
      onsubmit: async (event) => {
        event.preventDefault();
        const values = Object.fromEntries(inputs.map((input) => [input.name, Number(input.value)]));
        try {
          await ask("PATCH", "/control/behaviour", { ...values, inbound_url: url.value });
          notice.textContent = t("saved");
          notice.classList.remove("bad");
        } catch (problem) {
          notice.textContent = problem.message;
          notice.classList.add("bad");
        }
      },
    },
    ...inputs.map((input) => field(t(input.name), input)),
    field(t("inbound_url"), url, "full"),
    el("button", { type: "submit", class: "go" }, t("save")),
    notice,
  );
}

function resetButton() {
  let sure = false;
  const button = el("button", {
    type: "button",
    class: "danger",
    onclick: async () => {
      if (!sure) {
        sure = true;
        button.textContent = t("reset_sure");
        setTimeout(() => {
          sure = false;
          button.textContent = t("reset");
        }, 4000);
        return;
      }
      await ask("POST", "/control/reset");
      refreshCarrier();
    },
  }, t("reset"));
  return button;
}

async function load() {
  if (panel.closest("[hidden]")) return;
  const asked = ["faults", "behaviour", "numbers"].map((each) => ask("GET", `/control/${each}`));
  const [faults, behaviour, { numbers }] = await Promise.all(asked);
  const language = document.documentElement.lang;
  if (!drawn || drawn.language !== language) {
    const figuresBox = el("div", { class: "figures" }, ...figures());
    const rulesBox = el("div", { class: "rules-box" });
    const linesBox = el("div", {});
    panel.replaceChildren(
      el("section", { class: "card now" }, el("h2", {}, t("now")), figuresBox),
      el("section", { class: "card" }, el("h2", {}, t("faults")), el("p", { class: "hint" }, t("faults_words")), faultForm(), el("h3", {}, t("in_force")), rulesBox),
      el("section", { class: "card" }, el("h2", {}, t("normal")), paceForm(behaviour), resetButton()),
      el("section", { class: "card forwarding" }, el("h2", {}, t("forwarding")), el("p", { class: "hint" }, t("forwarding_words")), linesBox),
    );
    drawn = { language, figures: figuresBox, rules: rulesBox, lines: linesBox };
  }
  drawn.rules.replaceChildren(rules(faults.faults));
  if (!drawn.lines.contains(document.activeElement) || document.activeElement.type === "checkbox") drawn.lines.replaceChildren(forwardedLines(numbers, load));
}

export const refreshCarrier = calmly(load, 150);

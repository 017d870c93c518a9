// Numbers of others that pass their calls on: the switch of who forwards, where to, and whose number is shown.

import { ask } from "./carrier-link.js";
import { el } from "./elements.js";
import { t } from "./words.js";

async function change(line, values, notice, redraw) {
  notice.textContent = "";
  try {
    await ask("POST", "/control/numbers", [{ ...line, ...values }]);
  } catch (problem) {
    notice.textContent = problem.message;
    return;
  }
  Object.assign(line, values); // The row may stay as it is while somebody is in it.
  await redraw();
}

function choice(label, name, options, chosen, changed) {
  const select = el(
    "select",
    { name, onchange: () => changed(select.value) },
    ...options.map(([value, words]) => el("option", { value, selected: value === chosen }, words)),
  );
  return el("label", { class: "field" }, el("span", {}, label), select);
}

function lineRow(line, targets, redraw) {
  const notice = el("p", { class: "notice bad", role: "status" });
  const on = line.forwarding !== "off";
  const known = targets.some(([value]) => value === line.forwards_to);
  const places = known ? targets : [[line.forwards_to, line.forwards_to], ...targets];
  const toggle = el("input", {
    type: "checkbox", role: "switch", name: "forwarding", checked: on,
    onchange: () => change(line, { forwarding: toggle.checked ? "always" : "off" }, notice, redraw),
  });
  return el(
    "li",
    { class: on ? "line" : "line unforwarded", "data-line": line.number },
    el("p", { class: "line-name" }, el("b", {}, line.name || line.number), el("span", { class: "number" }, line.name ? line.number : "")),
    el("div", { class: "toggle" }, el("label", {}, toggle, el("span", {}, t(on ? "forwarding_on" : "forwarding_off")))),
    choice(t("forwards_to"), "forwards_to", places, line.forwards_to, (value) => change(line, { forwards_to: value }, notice, redraw)),
    choice(t("shows"), "shows", [["caller", t("shows_caller")], ["line", t("shows_line")]], line.shows, (value) => change(line, { shows: value }, notice, redraw)),
    notice,
  );
}

// The list of forwarded numbers; `redraw` asks for it anew after a change.
export function forwardedLines(numbers, redraw) {
  const targets = numbers.filter((each) => each.voice_url).map((each) => [each.number, `${each.name || t("service")} ${each.number}`]);
  const lines = numbers.filter((each) => each.forwards_to);
  if (!lines.length) return el("p", { class: "hint" }, t("forwarding_none"));
  return el("ul", { class: "lines" }, ...lines.slice(0, 400).map((each) => lineRow(each, targets, redraw)));
}

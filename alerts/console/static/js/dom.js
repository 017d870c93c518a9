// Building elements without inline markup: text is always text, so nothing that a stranger's file says can become HTML.

/** Make an element: attributes by name, `text` for its text, `on…` for listeners; children after it. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Data that the page brings along as JSON. */
export const pageData = (id) => JSON.parse(document.getElementById(id).textContent);

/** Put named values into a message such as "%(count)s people". */
export const say = (message, values = {}) => message.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");

const language = () => document.documentElement.lang || "en";

/** Write a number with its thousands, as the page's language does. */
export const number = (value) => new Intl.NumberFormat(language()).format(value);

/** Tell people who cannot see the change what happened. */
export function announce(text) {
  const region = document.getElementById("announcements");
  if (region) region.textContent = text;
}

/** Call a function once things have been quiet for a while. */
export function debounce(act, waitMs) {
  let timer = null;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...values), waitMs);
  };
}

/** Open a modal dialog and wait: resolves to its return value, empty when it was dismissed. */
export function ask(dialog) {
  return new Promise((resolve) => {
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
    dialog.showModal();
  });
}

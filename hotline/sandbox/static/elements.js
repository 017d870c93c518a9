// Builds elements; text always goes in as text, so nothing a message holds can become markup.

export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value === "boolean") element[name] = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const ADDRESS = /https?:\/\/[^\s<>"']+[^\s<>"'.,)]/g;

// Splits a text at its addresses: the link in an alert is what a traveller taps.
export function withLinks(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    parts.push(text.slice(end, match.index));
    parts.push(el("a", { href: match[0], target: "_blank", rel: "noopener noreferrer" }, match[0]));
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts;
}

export function badge(country, title) {
  return el("span", { class: "country", title }, /^[A-Z]{2}$/.test(country) ? country : "–");
}

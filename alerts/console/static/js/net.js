// Calls to the service: JSON both ways, the form token along, errors as problem documents with their mend.

const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/** An answer that says what is wrong; `faults` name field, value and mend, `code` is stable. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || `HTTP ${status}`);
    this.status = status;
    this.code = document.code ?? "";
    this.faults = document.errors ?? [];
    this.document = document;
  }
}

async function call(url, options) {
  const answer = await fetch(url, {
    credentials: "same-origin",
    ...options,
    headers: { Accept: "application/json", "X-CSRFToken": token(), ...(options.headers ?? {}) },
  });
  const type = answer.headers.get("Content-Type") ?? "";
  const body = type.includes("json") ? await answer.json() : { detail: "" };
  if (!answer.ok) throw new Problem(answer.status, body);
  return body;
}

/** Read JSON; raises Problem, TypeError when the service cannot be reached, AbortError when it was aborted. */
export const getJson = (url, options = {}) => call(url, { method: "GET", ...options });

/** Send JSON and read JSON. */
export const postJson = (url, body, options = {}) =>
  call(url, {
    method: "POST", body: JSON.stringify(body), ...options,
    headers: { "Content-Type": "application/json", ...(options.headers ?? {}) },
  });

/** What to tell a person about a failed call, in the page's language. */
export function explain(error, words) {
  if (error instanceof Problem) {
    const faults = error.faults.map((fault) => `${fault.field}: ${fault.mend}`);
    return [error.message, ...faults].join("\n");
  }
  return words.unreachable;
}

// The page's line to the carrier: JSON requests with the page's token, and the stream of what changes.

const token = document.querySelector('meta[name="sandbox-token"]').content;
const REQUEST_TIMEOUT_MS = 40000;

export async function ask(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: { "X-Sandbox-Token": token, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const answer = await response.json().catch(() => ({ error: String(response.status) }));
  if (!response.ok) throw new Error(answer.error || String(response.status));
  return answer;
}

// Where a sound that the service played can be heard.
export function soundAddress(name) {
  return `/page/sounds/${name}?token=${encodeURIComponent(token)}`;
}

// Calls onEvent with {changed, many, per_s, counters}; onState with true or false as the line comes and goes.
export function listen(onEvent, onState) {
  const stream = new EventSource(`/page/events?token=${encodeURIComponent(token)}`);
  stream.onopen = () => onState(true);
  stream.onerror = () => {
    onState(false);
    // A restarted carrier has a new token, which only a fresh page can know.
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
  };
  stream.onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (event.counters) onEvent(event);
  };
}

// Runs work at most once per interval, and once more at the end when it was asked for meanwhile.
export function calmly(work, intervalMs) {
  let running = false;
  let again = false;
  return async function run() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      await work();
    } catch (problem) {
      // The line's own state shows that the carrier is away; the next event tries again.
      console.warn(problem.message);
    }
    setTimeout(() => {
      running = false;
      if (again) {
        again = false;
        run();
      }
    }, intervalMs);
  };
}

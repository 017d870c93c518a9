// The live board: the curve minute by minute with the present moment at its end, and answers on the map by area.

import { number, pageData } from "../../alerts/js/dom.js";
import { showAreas } from "../../alerts/js/map.js";
import { getJson } from "../../alerts/js/net.js";

const LINES = ["delivered", "safe", "help", "silent"];
const HEIGHT_PX = 240;
const MIN_RADIUS_PX = 5;
const MAX_RADIUS_PX = 28;
const AGAIN_MS = 5000;
// The library's table: from this step on, how a tick reads, and what stands beneath the first one of a new day.
const TIMES = [
  [86400, "{MM}-{DD}", null, null, null, null, null, null, 1],
  [60, "{HH}:{mm}", null, null, "\n{MM}-{DD}", null, null, null, 1],
];
const SECONDS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];

const data = pageData("board-data");
const holder = document.getElementById("board-curve");

const colours = () => {
  const value = (name) => getComputedStyle(holder).getPropertyValue(name).trim();
  return { delivered: value("--accent"), safe: value("--good"), help: value("--alarm"), silent: value("--warn-line"), ink: value("--ink-quiet"), grid: value("--line") };
};

/** The figures that stand on the page now; they end the curve until the next minute is written down. */
const present = () => Object.fromEntries([...document.querySelectorAll("[data-board]")].map((tile) => [tile.dataset.board, Number(tile.dataset.value)]));

let plot = null;

function draw(found) {
  const now = present();
  const at = Math.max(Date.now() / 1000, (found.t.at(-1) ?? 0) + 1);
  const lines = [[...found.t, at], ...LINES.map((line) => [...found[line], now[line]])];
  document.getElementById("board-curve-empty").hidden = lines[0].length > 1;
  holder.hidden = lines[0].length < 2;
  if (lines[0].length < 2) return;
  if (plot) {
    plot.setData(lines);
    return;
  }
  const ink = colours();
  const font = `12px ${getComputedStyle(holder).fontFamily}`;
  const axis = { font, stroke: ink.ink, grid: { stroke: ink.grid, width: 1 }, ticks: { stroke: ink.grid, width: 1 } };
  plot = new window.uPlot({
    width: holder.clientWidth, height: HEIGHT_PX, cursor: { drag: { x: false, y: false } }, legend: { live: false },
    tzDate: (seconds) => new Date((seconds + Number(holder.dataset.offset) * 60 + new Date().getTimezoneOffset() * 60) * 1000),
    axes: [{ ...axis, values: TIMES, incrs: SECONDS, space: 60 }, { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? number(tick) : "")) }],
    series: [{}, ...LINES.map((line) => ({ label: data.words[line], stroke: ink[line], width: 2.5, points: { show: false } }))],
  }, lines, holder);
}

let spots = null;

/** People move: answers may come from outside the area, and must not be missed for that. */
function widen(map, places) {
  const all = L.latLngBounds(places.map((place) => [place.lat, place.lon]));
  if (!map.getBounds().contains(all)) map.fitBounds(map.getBounds().extend(all), { animate: false });
}

function mark(map, places) {
  if (!spots && places.length) widen(map, places);
  const most = Math.max(1, ...places.map((place) => place.people));
  spots?.remove();
  // The largest first, and calls for help last, so that nothing covers them.
  const ordered = [...places].sort((a, b) => (a.status === b.status ? b.people - a.people : a.status === "help" ? 1 : -1));
  spots = L.layerGroup(ordered.map((place) => {
    const radius = MIN_RADIUS_PX + (MAX_RADIUS_PX - MIN_RADIUS_PX) * Math.sqrt(place.people / most);
    const label = document.createElement("span");
    label.textContent = `${data.words[place.status]}: ${data.words.people.replace("%(count)s", number(place.people))}`;
    return L.circleMarker([place.lat, place.lon], { radius, className: `answer-spot answer-${place.status}` }).bindTooltip(label);
  })).addTo(map);
}

let running = false;
let again = false;

/** Fetch curve and places; a hint that comes meanwhile is followed once, afterwards. */
async function refresh(map) {
  if (running) {
    again = true;
    return;
  }
  running = true;
  try {
    const [curve, found] = await Promise.all([getJson(data.urls.curve), getJson(data.urls.places)]);
    draw(curve);
    mark(map, found.places);
    document.documentElement.dataset.board = "ready";
  } catch (error) {
    // The figures above are the board; they say by themselves when the service is away.
    console.warn(error.message);
  }
  await new Promise((done) => setTimeout(done, AGAIN_MS));
  running = false;
  if (again) {
    again = false;
    refresh(map);
  }
}

new ResizeObserver(() => plot?.setSize({ width: holder.clientWidth, height: HEIGHT_PX })).observe(holder);
const { map } = await showAreas(document.getElementById("map"), data.urls, data.areas);
refresh(map);
document.addEventListener("live:updated", () => refresh(map));

// The curve of an alert: running sums over time. While it is being sent the page draws what it sees; afterwards the service
// knows it all from the start.

import { number } from "./dom.js";
import { getJson } from "./net.js";

const LINES = ["sent", "delivered", "failed"];
const HEIGHT_PX = 190;
const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];

const colours = (element) => {
  const style = getComputedStyle(element);
  const value = (name) => style.getPropertyValue(name).trim();
  return { sent: value("--accent"), delivered: value("--good"), failed: value("--warn-line"), ink: value("--ink-quiet"), grid: value("--line") };
};

/** Draws into an element; its data attributes name the source, the start and the lines. */
export class Curve {
  constructor(element) {
    this.element = element;
    this.live = element.dataset.live === "yes";
    const started = Number(element.dataset.started);
    this.points = { t: [started], sent: [0], delivered: [0], failed: [0] };
    new ResizeObserver(() => this.plot?.setSize({ width: element.clientWidth, height: HEIGHT_PX })).observe(element);
  }

  async load() {
    const found = await getJson(this.element.dataset.src);
    if (found.t.length) this.points = found;
    this.draw();
  }

  /** Take the figures that the page shows now as the next point; receipts still come when the sending is over. */
  add(figures) {
    if (!this.live && figures.delivered === this.points.delivered.at(-1) && figures.failed === this.points.failed.at(-1)) return;
    const now = Date.now() / 1000;
    this.points.t.push(Math.max(now, this.points.t[this.points.t.length - 1] + 0.001));
    this.points.sent.push(figures.sent + figures.delivered + figures.failed);
    this.points.delivered.push(figures.delivered);
    this.points.failed.push(figures.failed);
    this.draw();
  }

  draw() {
    const data = [this.points.t, ...LINES.map((line) => this.points[line])];
    this.element.closest(".curve-body").hidden = this.points.t.length < 2;
    if (this.plot) {
      this.plot.setData(data);
      return;
    }
    if (this.points.t.length < 2) return;
    const ink = colours(this.element);
    const font = `12px ${getComputedStyle(this.element).fontFamily}`;
    const axis = { font, stroke: ink.ink, grid: { stroke: ink.grid, width: 1 }, ticks: { stroke: ink.grid, width: 1 } };
    this.plot = new window.uPlot({
      width: this.element.clientWidth, height: HEIGHT_PX, cursor: { drag: { x: false, y: false } }, legend: { live: false },
      tzDate: (seconds) => new Date((seconds + Number(this.element.dataset.offset) * 60 + new Date().getTimezoneOffset() * 60) * 1000),
      axes: [{ ...axis, values: "{HH}:{mm}:{ss}", incrs: SECONDS, space: 80 }, { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => number(tick)) }],
      series: [{}, ...LINES.map((line) => ({ label: this.element.dataset[line], stroke: ink[line], width: 2.5, points: { show: false } }))],
    }, data, this.element);
  }
}

/** The figures that stand on the page. */
export const figuresOnPage = () =>
  Object.fromEntries([...document.querySelectorAll("[data-figure]")].map((tile) => [tile.dataset.figure, Number(tile.dataset.value)]));

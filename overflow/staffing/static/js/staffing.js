// Curves of staffing: what the page's data says, one picture for each element with data-curve, drawn anew when the data changes.

const HEIGHT_PX = 230;
const HOUR_S = 3600;
// The library's table: from this step on, how a tick reads, and what stands beneath the first one of a new day.
const TIMES = [
  [86400, "{MM}-{DD}", null, null, null, null, null, null, 1],
  [60, "{HH}:{mm}", null, null, "\n{MM}-{DD}", null, null, null, 1],
];
const STEPS_S = [900, 1800, 3600, 7200, 14400, 28800, 86400];

const plots = new Map();
const language = document.documentElement.lang;
const number = (value) => new Intl.NumberFormat(language).format(value);

function readData() {
  const element = document.getElementById("staffing-data");
  return element ? JSON.parse(element.textContent) : null;
}

function colours(element) {
  const value = (name) => getComputedStyle(element).getPropertyValue(name).trim();
  return { accent: value("--accent"), good: value("--good"), warn: value("--warn-line"), ink: value("--ink"), quiet: value("--ink-quiet"), grid: value("--line") };
}

const pale = (colour) => (/^#[0-9a-f]{6}$/i.test(colour) ? `${colour}26` : "rgba(128, 128, 128, 0.15)");
const hours = (seconds) => `${number(seconds / HOUR_S)} h`;

/** A dashed upright line at the present moment. */
function nowLine(plot, at, colour) {
  if (!at || at < plot.scales.x.min || at > plot.scales.x.max) return;
  const x = plot.valToPos(at, "x", true);
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash([6, 6]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

function options(element, data, chart) {
  const ink = colours(element);
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const axis = { font, stroke: ink.quiet, grid: { stroke: ink.grid, width: 1 }, ticks: { stroke: ink.grid, width: 1 } };
  const across = data.minutes ? { ...axis, values: (_, ticks) => ticks.map(hours) } : { ...axis, values: TIMES };
  const lines = chart.lines.map((line) => ({
    label: line.label, stroke: ink[line.colour], width: line.thin ? 1 : 2.5, dash: line.thin ? [4, 4] : undefined, points: { show: false },
    paths: line.stepped ? window.uPlot.paths.stepped({ align: 1 }) : undefined,
  }));
  return {
    width: element.clientWidth, height: HEIGHT_PX, cursor: { drag: { x: false, y: false } }, legend: { live: false },
    tzDate: (seconds) => new Date((seconds + (data.offset ?? 0) * 60 + new Date().getTimezoneOffset() * 60) * 1000),
    scales: { x: { time: !data.minutes }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.08)] } },
    axes: [{ ...across, incrs: STEPS_S, space: 60 }, { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? number(tick) : "")) }],
    series: [{}, ...lines],
    bands: chart.band ? [{ series: chart.band.map((index) => index + 1), fill: pale(ink.accent) }] : [],
    hooks: { draw: [(plot) => nowLine(plot, plots.get(element)?.now, ink.quiet)] },
  };
}

function draw() {
  const data = readData();
  for (const element of document.querySelectorAll("[data-curve]")) {
    const chart = data?.charts[element.dataset.curve];
    element.closest("section").hidden = !chart;
    if (!chart) continue;
    const lines = [data.x, ...chart.lines.map((line) => line.values)];
    const kept = plots.get(element);
    if (kept) {
      kept.now = data.now;
      kept.plot.setData(lines);
    } else {
      const made = { now: data.now, plot: null };
      plots.set(element, made);
      made.plot = new window.uPlot(options(element, data, chart), lines, element);
      new ResizeObserver(() => made.plot.setSize({ width: element.clientWidth, height: HEIGHT_PX })).observe(element);
    }
  }
  document.documentElement.dataset.staffing = "drawn";
}

draw();
document.addEventListener("live:updated", draw);

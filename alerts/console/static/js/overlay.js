// What lies over the land and under the shapes: where people are (heat) and the names of cities; one canvas, redrawn
// when the map has come to rest.

import { mapColours } from "./world.js";

const MAX_LABELS = 70;
const COARSEST_CELL_PX = 140; // Larger ones are left from a view that was wider; the fitting ones are on their way.
const HEAT_STEPS = [0.18, 0.3, 0.42, 0.55, 0.7, 0.85];

/** Places on screen of a position in every copy of the world that is in view. */
function copiesOnScreen(map, lat, lon) {
  const bounds = map.getBounds();
  const first = Math.ceil((bounds.getWest() - 5 - lon) / 360);
  const last = Math.floor((bounds.getEast() + 5 - lon) / 360);
  const points = [];
  for (let turn = first; turn <= last; turn += 1) points.push(map.latLngToContainerPoint([lat, lon + 360 * turn]));
  return points;
}

function drawHeat(context, map, cells, colours) {
  if (!cells.length) return;
  const [first] = cells;
  const across = map.latLngToContainerPoint([0, first.east]).x - map.latLngToContainerPoint([0, first.west]).x;
  if (across > COARSEST_CELL_PX) return;
  const largest = Math.max(...cells.map((cell) => cell.people));
  context.fillStyle = colours.heat;
  for (const cell of cells) {
    const share = Math.log(1 + cell.people) / Math.log(1 + largest);
    context.globalAlpha = HEAT_STEPS[Math.min(HEAT_STEPS.length - 1, Math.floor(share * HEAT_STEPS.length))];
    for (const corner of copiesOnScreen(map, cell.north, cell.west)) {
      const width = map.latLngToContainerPoint([cell.north, cell.east]).x - map.latLngToContainerPoint([cell.north, cell.west]).x;
      const height = map.latLngToContainerPoint([cell.south, cell.west]).y - map.latLngToContainerPoint([cell.north, cell.west]).y;
      const side = Math.max(3, width);
      context.beginPath();
      context.roundRect(corner.x, corner.y, side, Math.max(3, height), Math.min(4, side / 4));
      context.fill();
    }
  }
  context.globalAlpha = 1;
}

const overlaps = (a, b) => a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top;

/** Write the names from the largest city down, leaving out what would cover another name. */
function drawLabels(context, map, cities, colours, font) {
  const taken = [];
  const size = map.getSize();
  context.font = font;
  context.textBaseline = "middle";
  context.lineJoin = "round";
  for (const city of cities) {
    if (taken.length >= MAX_LABELS) return;
    for (const point of copiesOnScreen(map, city.lat, city.lon)) {
      const width = context.measureText(city.name).width;
      const box = { left: point.x - 5, right: point.x + 9 + width, top: point.y - 9, bottom: point.y + 9 };
      if (box.left < 0 || box.top < 0 || box.right > size.x || box.bottom > size.y) continue;
      if (taken.some((other) => overlaps(other, box))) continue;
      taken.push(box);
      context.strokeStyle = colours.halo;
      context.lineWidth = 3;
      context.fillStyle = colours.label;
      context.beginPath();
      context.arc(point.x, point.y, 2.2, 0, 2 * Math.PI);
      context.stroke();
      context.fill();
      context.strokeText(city.name, point.x + 6, point.y);
      context.fillText(city.name, point.x + 6, point.y);
    }
  }
}

/** A canvas that follows the map; `setCities` and `setHeat` take what was fetched for the view. */
export const OverlayLayer = L.Layer.extend({
  initialize() {
    this._cities = [];
    this._heat = [];
    this._showHeat = true;
  },
  onAdd(map) {
    this._map = map;
    this._canvas = L.DomUtil.create("canvas", "map-overlay leaflet-zoom-hide");
    this._canvas.setAttribute("aria-hidden", "true");
    map.getPane("overlay-names").appendChild(this._canvas);
    map.on("moveend zoomend resize viewreset", this.draw, this);
    this.draw();
  },
  onRemove(map) {
    this._canvas.remove();
    map.off("moveend zoomend resize viewreset", this.draw, this);
  },
  setCities(cities) {
    this._cities = cities;
    this.draw();
  },
  setHeat(cells) {
    this._heat = cells;
    this.draw();
  },
  showHeat(shown) {
    this._showHeat = shown;
    this.draw();
  },
  draw() {
    if (!this._canvas) return;
    const map = this._map;
    const size = map.getSize();
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    this._canvas.width = size.x * ratio;
    this._canvas.height = size.y * ratio;
    this._canvas.style.width = `${size.x}px`;
    this._canvas.style.height = `${size.y}px`;
    L.DomUtil.setPosition(this._canvas, map.containerPointToLayerPoint([0, 0]));
    const context = this._canvas.getContext("2d");
    context.scale(ratio, ratio);
    const colours = mapColours(map.getContainer());
    if (this._showHeat) drawHeat(context, map, this._heat, colours);
    drawLabels(context, map, this._cities, colours, `12px ${getComputedStyle(map.getContainer()).fontFamily}`);
  },
});

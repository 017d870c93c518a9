// One map as every page of alerts shows it: own outlines, cities, heat of people, scale; no address outside the service.

import { getJson } from "./net.js";
import { OverlayLayer } from "./overlay.js";
import { circleOutline, nearLongitude, outlineOf } from "./geometry.js";
import { loadOutlines, mapColours, onThemeChange, worldLayer } from "./world.js";

const MAX_ZOOM = 12;
const FETCH_AFTER_MS = 250;

/** How far, in pixels, a drawn outline may be simplified: little enough that a circle looks round. */
const SMOOTH = 0.3;

/** Put a map into an element, showing `areas` if there are any; `urls` name the service's own outlines, cities and heat. */
export async function makeMap(element, urls, areas = []) {
  const map = L.map(element, {
    center: [20, 100], zoom: 2, minZoom: 1, maxZoom: MAX_ZOOM, zoomControl: false, attributionControl: false,
    zoomSnap: 0.5, maxBounds: [[-89.9, -720], [89.9, 720]], maxBoundsViscosity: 0.8, preferCanvas: false,
  });
  const zoom = L.control.zoom({ position: "topright", zoomInTitle: element.dataset.zoomIn, zoomOutTitle: element.dataset.zoomOut });
  zoom.addTo(map);
  L.control.scale({ position: "bottomright", imperial: false }).addTo(map);
  fitAreas(map, areas);
  const pane = map.createPane("overlay-names");
  pane.style.zIndex = 350; // Over the land (200), under the shapes (400).
  pane.style.pointerEvents = "none";
  const overlay = new OverlayLayer();
  overlay.addTo(map);
  const polygons = await loadOutlines(urls.outlines);
  let colours = mapColours(element);
  const land = worldLayer(polygons, () => colours).addTo(map);
  onThemeChange(() => {
    colours = mapColours(element);
    land.redraw();
    overlay.draw();
  });
  followView(map, overlay, urls);
  new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(element);
  return { map, overlay };
}

/** Fetch cities and heat for what is in view, once the map has come to rest; an older answer never wins. */
function followView(map, overlay, urls) {
  let timer = null;
  let running = null;
  const refresh = async () => {
    running?.abort();
    running = new AbortController();
    const bounds = map.getBounds();
    const query = new URLSearchParams({
      south: Math.max(-90, bounds.getSouth()).toFixed(4), north: Math.min(90, bounds.getNorth()).toFixed(4),
      west: bounds.getWest().toFixed(4), east: bounds.getEast().toFixed(4), zoom: Math.round(map.getZoom()),
    });
    const options = { signal: running.signal };
    await Promise.all([
      getJson(`${urls.cities}?${query}`, options).then((answer) => overlay.setCities(answer.cities)),
      urls.heat ? getJson(`${urls.heat}?${query}`, options).then((answer) => overlay.setHeat(answer.cells)) : null,
    ]).catch((error) => {
      // A map without names is still a map; the count beside it says when the service cannot be reached.
      if (error.name !== "AbortError") console.warn(error.message);
    });
  };
  map.on("moveend", () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, FETCH_AFTER_MS);
  });
  refresh();
}

/** All shapes of Area JSON as flat list: {area, kind, index, ring | center, radiusKm}. */
export function shapesOf(areas) {
  return areas.flatMap((area, at) => [
    ...area.polygons.map((ring, index) => ({ area: at, kind: "polygon", index, ring })),
    ...area.circles.map((circle, index) => ({
      area: at, kind: "circle", index, center: circle.center, radiusKm: circle.radius_km,
    })),
  ]);
}

/** Outlines of all shapes, brought next to each other so that an alert over the date line is one picture. */
export function outlinesOf(areas) {
  const outlines = shapesOf(areas).map((shape) => ({ shape, ring: outlineOf(shape) }));
  if (outlines.length === 0) return outlines;
  const lons = outlines[0].ring.map((point) => point[1]);
  const middle = (Math.min(...lons) + Math.max(...lons)) / 2;
  return outlines.map(({ shape, ring }) => ({ shape, ring: nearLongitude(ring, middle) }));
}

const ROUND_UP_TO_KM = 300; // Up to here a circle on the globe is a circle on the map too, and is drawn as a smooth one.
const ROUND_UP_TO_LAT = 70;

/** Where a circle's centre is drawn: in the same turn of the world as its outline. */
export function drawnCenter(shape, ring) {
  const lons = ring.map((point) => point[1]);
  const middle = (Math.min(...lons) + Math.max(...lons)) / 2;
  return [shape.center[0], shape.center[1] + 360 * Math.round((middle - shape.center[1]) / 360)];
}

/** The layer that shows one shape. */
export function shapeLayer(shape, ring, options) {
  const round = shape.kind === "circle" && shape.radiusKm <= ROUND_UP_TO_KM && Math.abs(shape.center[0]) <= ROUND_UP_TO_LAT;
  if (round) return L.circle(drawnCenter(shape, ring), { radius: shape.radiusKm * 1000, ...options });
  return L.polygon(ring, { smoothFactor: SMOOTH, ...options });
}

/** Show a circle's layer somewhere else or larger, while it is being dragged. */
export function redrawCircle(layer, center, radiusKm) {
  if (layer instanceof L.Circle) layer.setLatLng(center).setRadius(radiusKm * 1000);
  else layer.setLatLngs(circleOutline(center, radiusKm));
}

/** Show what the areas cover as large as the map allows. */
export function fitAreas(map, areas, options = {}) {
  const rings = outlinesOf(areas).map(({ ring }) => ring);
  if (rings.length === 0) return;
  const bounds = L.latLngBounds(rings.flat());
  map.fitBounds(bounds, { padding: [28, 28], maxZoom: 9, animate: false, ...options });
}

/** A map to look at: the areas drawn, nothing to change. */
export async function showAreas(element, urls, areas) {
  const { map, overlay } = await makeMap(element, urls, areas);
  for (const { shape, ring } of outlinesOf(areas)) shapeLayer(shape, ring, { className: "area-shape", interactive: false }).addTo(map);
  return { map, overlay };
}


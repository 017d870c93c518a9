// Drawing by hand on the map: shapes are shown from the model, and every gesture becomes one step of the model.

import { destination, distanceKm, nearLongitude, unwrapRing } from "./geometry.js";
import { drawnCenter, fitAreas, outlinesOf, redrawCircle, shapeLayer } from "./map.js";

// Handles are for the mouse and the finger. By keyboard and screen reader the same corners are in the table, where each has
// a name; forty more tab stops without one would help nobody.
L.Marker.mergeOptions({ keyboard: false });

const MANY_CORNERS = 150; // From here on only the corners next to the pointer get a handle; thousands would stall the page.
const HANDLES_SHOWN = 40;

const same = (a, b) => a && b && a.area === b.area && a.kind === b.kind && a.index === b.index;

function handle(map, latlng, className, title) {
  const icon = L.divIcon({ className: `circle-handle ${className}`, iconSize: [18, 18] });
  return L.marker(latlng, { icon, draggable: true, title, keyboard: false, pmIgnore: true }).addTo(map);
}

/** Shows the model's shapes and lets them be drawn, moved, bent and removed. */
export class Drawing {
  constructor(map, model, words) {
    this.map = map;
    this.model = model;
    this.words = words;
    this.layers = [];
    this.handles = [];
    map.pm.setGlobalOptions({ snappable: false, allowSelfIntersection: true, continueDrawing: false, tooltips: false });
    map.on("pm:create", (event) => this.created(event));
    map.on("pm:drawstart pm:drawend", () => this.dispatchMode());
    model.addEventListener("changed", () => this.render());
    model.addEventListener("selected", () => this.render());
    this.onMode = () => {};
    this.render();
  }

  dispatchMode() {
    const drawing = this.map.pm.globalDrawModeEnabled();
    this.onMode(drawing ? this.map.pm.Draw.getActiveShape() : null);
  }

  start(shape) {
    this.model.select(null);
    this.map.pm.enableDraw(shape, { hideMiddleMarkers: false, templineStyle: { className: "area-draft" }, hintlineStyle: { className: "area-hint" }, pathOptions: { className: "area-shape" } });
  }

  stop() {
    this.map.pm.disableDraw();
  }

  created({ layer, shape }) {
    layer.remove();
    if (shape === "Circle") {
      const center = layer.getLatLng();
      this.model.addCircle([center.lat, center.lng], Math.max(0.1, layer.getRadius() / 1000), "");
    } else if (shape === "Rectangle" || shape === "Polygon") {
      const points = layer.getLatLngs()[0].map((point) => [point.lat, point.lng]);
      this.model.addPolygon(points, "");
    }
  }

  clear() {
    this.layers.forEach((layer) => {
      layer.pm?.disable();
      layer.remove();
    });
    this.handles.forEach((marker) => marker.remove());
    this.layers = [];
    this.handles = [];
  }

  render() {
    this.clear();
    for (const { shape, ring } of outlinesOf(this.model.areas)) {
      const selected = same(shape, this.model.selection);
      if (selected && shape.kind === "polygon") this.showEditable(shape, ring);
      else this.showShape(shape, ring, selected);
      if (selected && shape.kind === "circle") this.showCircleHandles(shape, ring);
    }
  }

  showShape(shape, ring, selected) {
    const layer = shapeLayer(shape, ring, { className: selected ? "area-shape area-selected" : "area-shape", pmIgnore: true });
    layer.on("click", (event) => {
      if (this.map.pm.globalDrawModeEnabled()) return;
      L.DomEvent.stopPropagation(event);
      this.model.select({ area: shape.area, kind: shape.kind, index: shape.index });
    });
    layer.addTo(this.map);
    this.layers.push(layer);
  }

  showEditable(shape, drawn) {
    const joined = unwrapRing(shape.ring);
    const aroundPole = Math.abs(joined[joined.length - 1][1] - joined[0][1]) >= 359;
    if (aroundPole) {
      // A ring about a pole has no inside on a flat map; its corners are edited in the table.
      this.showShape(shape, drawn, true);
      return;
    }
    const middle = (Math.min(...drawn.map((p) => p[1])) + Math.max(...drawn.map((p) => p[1]))) / 2;
    const ring = nearLongitude(joined, middle);
    const layer = L.polygon(ring.slice(0, -1), { className: "area-shape area-selected" }).addTo(this.map);
    const many = ring.length > MANY_CORNERS;
    layer.pm.enable({
      limitMarkersToCount: many ? HANDLES_SHOWN : -1, hideMiddleMarkers: many, draggable: true, allowSelfIntersection: true,
      removeLayerBelowMinVertexCount: false, snappable: false,
    });
    const selection = { area: shape.area, kind: shape.kind, index: shape.index };
    const keep = () => {
      const points = layer.getLatLngs()[0].map((point) => [point.lat, point.lng]);
      // The step is taken after the gesture's own events, because it replaces the layer that is speaking.
      if (points.length >= 3) setTimeout(() => this.model.replaceRing(selection, points));
      else setTimeout(() => this.render());
    };
    layer.on("pm:markerdragend pm:vertexremoved pm:dragend", keep);
    layer.on("click", (event) => L.DomEvent.stopPropagation(event));
    this.layers.push(layer);
  }

  showCircleHandles(shape, ring) {
    const center = drawnCenter(shape, ring);
    const selection = { area: shape.area, kind: shape.kind, index: shape.index };
    const outline = this.layers[this.layers.length - 1];
    const middle = handle(this.map, center, "circle-center", this.words.moveCircle);
    const edge = handle(this.map, destination(center, shape.radiusKm, 90), "circle-edge", this.words.resizeCircle);
    const radiusTo = (latlng) => Math.max(0.1, distanceKm(center, [latlng.lat, latlng.lng]));
    middle.on("drag", () => {
      const at = middle.getLatLng();
      redrawCircle(outline, [at.lat, at.lng], shape.radiusKm);
      edge.setLatLng(destination([at.lat, at.lng], shape.radiusKm, 90));
    });
    middle.on("dragend", () => {
      const at = middle.getLatLng();
      this.model.replaceCircle(selection, [at.lat, at.lng], shape.radiusKm);
    });
    edge.on("drag", () => redrawCircle(outline, center, radiusTo(edge.getLatLng())));
    edge.on("dragend", () => this.model.replaceCircle(selection, shape.center, radiusTo(edge.getLatLng())));
    this.handles.push(middle, edge);
  }

  fit() {
    fitAreas(this.map, this.model.areas);
  }
}

// The areas being drawn, apart from any map: every change is one step that can be undone and done again.

import { round7, wrapLon } from "./geometry.js";

const MAX_STEPS = 100;

const copy = (areas) => JSON.parse(JSON.stringify(areas));

/** A ring as it is stored: latitude first, longitudes within ±180, closed. */
export function storedRing(points) {
  const ring = points.map(([lat, lon]) => [round7(Math.max(-90, Math.min(90, lat))), round7(wrapLon(lon))]);
  const [first, last] = [ring[0], ring[ring.length - 1]];
  if (first[0] !== last[0] || first[1] !== last[1]) ring.push([...first]);
  return ring;
}

/** Holds the areas, the selected shape and the history; tells `changed` (drawing) and `selected` listeners. */
export class AreaModel extends EventTarget {
  constructor(areas) {
    super();
    this.areas = copy(areas);
    this.past = [];
    this.future = [];
    this.selection = null;
  }

  /** Change the areas in one step that undo takes back. `act` gets a copy and changes it in place. */
  change(act, selection = undefined) {
    const next = copy(this.areas);
    act(next);
    this.past.push(this.areas);
    if (this.past.length > MAX_STEPS) this.past.shift();
    this.future = [];
    this.take(next.filter((area) => area.polygons.length || area.circles.length), selection);
  }

  take(areas, selection = undefined) {
    this.areas = areas;
    if (selection !== undefined) this.selection = selection;
    if (this.selection && !this.selected()) this.selection = null;
    this.dispatchEvent(new Event("changed"));
  }

  undo() {
    if (this.past.length === 0) return;
    this.future.push(this.areas);
    this.take(this.past.pop());
  }

  redo() {
    if (this.future.length === 0) return;
    this.past.push(this.areas);
    this.take(this.future.pop());
  }

  select(selection) {
    this.selection = selection;
    this.dispatchEvent(new Event("selected"));
  }

  /** The selected polygon's ring or circle itself, or null. */
  selected() {
    if (!this.selection) return null;
    const area = this.areas[this.selection.area];
    return (this.selection.kind === "circle" ? area?.circles : area?.polygons)?.[this.selection.index] ?? null;
  }

  addPolygon(points, description) {
    const at = this.areas.length;
    this.change(
      (areas) => areas.push({ description, polygons: [storedRing(points)], circles: [] }),
      { area: at, kind: "polygon", index: 0 },
    );
  }

  addCircle(center, radiusKm, description) {
    const at = this.areas.length;
    const circle = { center: [round7(center[0]), round7(wrapLon(center[1]))], radius_km: Math.round(radiusKm * 1000) / 1000 };
    this.change(
      (areas) => areas.push({ description, polygons: [], circles: [circle] }),
      { area: at, kind: "circle", index: 0 },
    );
  }

  addAreas(added) {
    const at = this.areas.length;
    const kind = added[0]?.polygons.length ? "polygon" : "circle";
    this.change((areas) => areas.push(...copy(added)), { area: at, kind, index: 0 });
  }

  replaceRing(selection, points) {
    this.change((areas) => {
      areas[selection.area].polygons[selection.index] = storedRing(points);
    });
  }

  replaceCircle(selection, center, radiusKm) {
    this.change((areas) => {
      areas[selection.area].circles[selection.index] = {
        center: [round7(Math.max(-90, Math.min(90, center[0]))), round7(wrapLon(center[1]))],
        radius_km: Math.round(radiusKm * 1000) / 1000,
      };
    });
  }

  rename(at, description) {
    this.change((areas) => {
      areas[at].description = description;
    });
  }

  remove(selection) {
    this.change((areas) => {
      const area = areas[selection.area];
      (selection.kind === "circle" ? area.circles : area.polygons).splice(selection.index, 1);
    }, null);
  }

  removeArea(at) {
    this.change((areas) => areas.splice(at, 1), null);
  }
}

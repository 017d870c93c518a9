// The background of every map: land, borders and graticule drawn from outlines that the service itself delivers,
// because a consular centre's map must not depend on, or tell, anybody's tile server.

const TILE_PX = 256;
const MIN_STEP_PX = 0.6; // Points closer than this to the one before are not drawn: nobody sees them, and they cost time.
const MAX_LAT = 85.0511;

let outlines = null; // One promise per page.

/** Web Mercator: degrees to the unit square, y to the south. */
export function toUnit(lat, lon) {
  const clamped = Math.max(-MAX_LAT, Math.min(MAX_LAT, lat));
  const sine = Math.sin((clamped * Math.PI) / 180);
  return [lon / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

function prepareRing(ring) {
  const points = new Float64Array(ring.length * 2);
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  ring.forEach(([lon, lat], index) => {
    const [x, y] = toUnit(lat, lon);
    points[2 * index] = x;
    points[2 * index + 1] = y;
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  });
  return { points, box };
}

function prepareCountries(topology) {
  const features = window.topojson.feature(topology, topology.objects.countries).features;
  return features.flatMap((feature) => {
    const { type, coordinates } = feature.geometry ?? { type: "", coordinates: [] };
    const polygons = type === "Polygon" ? [coordinates] : type === "MultiPolygon" ? coordinates : [];
    return polygons.map((rings) => rings.map(prepareRing));
  });
}

/** Load the outlines once: 1:50 million, from the service's own static files. */
export function loadOutlines(url) {
  outlines ??= fetch(url)
    .then((answer) => {
      if (!answer.ok) throw new Error(`outlines: ${answer.status}`);
      return answer.json();
    })
    .then(prepareCountries);
  return outlines;
}

/** Read the map's colours from the style sheet, so that light, dark and print come from one place. */
export function mapColours(element) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(`--map-${name}`).trim();
  return {
    sea: colour("sea"), land: colour("land"), border: colour("border"), grid: colour("grid"),
    label: colour("label"), halo: colour("halo"), heat: colour("heat"),
  };
}

function drawGraticule(context, zoom, origin, colours) {
  const step = zoom < 3 ? 30 : zoom < 5 ? 10 : zoom < 7 ? 5 : 1;
  const scale = TILE_PX * 2 ** zoom;
  context.strokeStyle = colours.grid;
  context.lineWidth = 1;
  context.beginPath();
  for (let lon = -180; lon < 180; lon += step) {
    const x = Math.round((lon / 360 + 0.5) * scale - origin.x) + 0.5;
    if (x >= 0 && x <= TILE_PX) {
      context.moveTo(x, 0);
      context.lineTo(x, TILE_PX);
    }
  }
  for (let lat = -80; lat <= 80; lat += step) {
    const y = Math.round(toUnit(lat, 0)[1] * scale - origin.y) + 0.5;
    if (y >= 0 && y <= TILE_PX) {
      context.moveTo(0, y);
      context.lineTo(TILE_PX, y);
    }
  }
  context.stroke();
}

const atDateLine = (x) => x < 1e-9 || x > 1 - 1e-9;

/** Add a ring to the path that is filled and to the one that is stroked: a cut along the date line is no border. */
function traceRing(fill, stroke, ring, scale, origin) {
  const { points } = ring;
  let lastX = Infinity;
  let lastY = Infinity;
  let cutBefore = false;
  for (let index = 0; index < points.length; index += 2) {
    const x = points[index] * scale - origin.x;
    const y = points[index + 1] * scale - origin.y;
    const cut = atDateLine(points[index]);
    if (index === 0) {
      fill.moveTo(x, y);
      stroke.moveTo(x, y);
    } else if (cut || cutBefore || Math.abs(x - lastX) + Math.abs(y - lastY) >= MIN_STEP_PX) {
      fill.lineTo(x, y);
      if (cut && cutBefore) stroke.moveTo(x, y);
      else stroke.lineTo(x, y);
    } else {
      continue;
    }
    cutBefore = cut;
    lastX = x;
    lastY = y;
  }
  fill.closePath();
}

function touchesTile(box, scale, origin) {
  const margin = 2;
  return (
    box[2] * scale >= origin.x - margin && box[0] * scale <= origin.x + TILE_PX + margin &&
    box[3] * scale >= origin.y - margin && box[1] * scale <= origin.y + TILE_PX + margin
  );
}

function drawTile(canvas, coords, polygons, colours) {
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  canvas.width = canvas.height = TILE_PX * ratio;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const columns = 2 ** coords.z;
  const column = ((coords.x % columns) + columns) % columns; // The world repeats to the east and the west.
  const scale = TILE_PX * columns;
  const origin = { x: column * TILE_PX, y: coords.y * TILE_PX };
  context.fillStyle = colours.sea;
  context.fillRect(0, 0, TILE_PX, TILE_PX);
  drawGraticule(context, coords.z, origin, colours);
  const fill = new Path2D();
  const stroke = new Path2D();
  for (const rings of polygons) {
    if (touchesTile(rings[0].box, scale, origin)) rings.forEach((ring) => traceRing(fill, stroke, ring, scale, origin));
  }
  context.fillStyle = colours.land;
  context.fill(fill, "evenodd");
  context.strokeStyle = colours.border;
  context.lineWidth = coords.z < 4 ? 0.7 : 1;
  context.stroke(stroke);
}

/** The layer of land and borders; `redraw()` it after the colours changed. */
export function worldLayer(polygons, colours) {
  const Layer = L.GridLayer.extend({
    createTile(coords) {
      const canvas = document.createElement("canvas");
      drawTile(canvas, coords, polygons, colours());
      return canvas;
    },
  });
  return new Layer({ updateWhenIdle: false, updateWhenZooming: false, keepBuffer: 1, className: "world-tile" });
}

/** Call back when light turns to dark or back, by the system or by the console's own switch. */
export function onThemeChange(act) {
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", act);
  new MutationObserver(act).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class"] });
}

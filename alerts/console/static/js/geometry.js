// Geometry of shapes on the globe, without any drawing: the map shows what the service tests, also over the date line.

const EARTH_KM = 6371.0088; // Mean radius; the exact test on the server is geodesic, a drawing may differ by 0.5 %.
const RAD = Math.PI / 180;
const EDGE_LAT = 85.05; // Where the map ends.
const CIRCLE_STEPS = 180;
const LONG_EDGE_DEG = 2;

/** Bring a longitude into -180 … 180. */
export function wrapLon(lon) {
  if (lon >= -180 && lon <= 180) return lon;
  return ((((lon + 180) % 360) + 360) % 360) - 180;
}

/** Round as the service stores it: seven decimals, a centimetre. */
export const round7 = (number) => Math.round(number * 1e7) / 1e7;

/** Longitudes made continuous: every edge goes the short way round, so that a ring over the date line stays one piece. */
export function unwrapRing(ring) {
  let turn = 0;
  return ring.map(([lat, lon], index) => {
    if (index > 0) {
      const step = lon - ring[index - 1][1];
      if (step > 180) turn -= 360;
      else if (step < -180) turn += 360;
    }
    return [lat, lon + turn];
  });
}

/** A ring about a pole is drawn down to the map's edge; other rings as they are. */
export function drawableRing(ring) {
  const joined = unwrapRing(ring);
  const first = joined[0];
  const last = joined[joined.length - 1];
  if (Math.abs(last[1] - first[1]) < 359) return joined;
  const mean = joined.reduce((sum, [lat]) => sum + lat, 0) / joined.length;
  const edge = mean >= 0 ? EDGE_LAT : -EDGE_LAT;
  return [...joined, [edge, last[1]], [edge, first[1]], first];
}

/** Put points along long edges: an edge is straight in degrees, and a flat map in Mercator would bend it. */
export function densify(ring) {
  const result = [];
  for (let index = 0; index < ring.length - 1; index += 1) {
    const [lat, lon] = ring[index];
    const [nextLat, nextLon] = ring[index + 1];
    const pieces = Math.max(1, Math.ceil(Math.abs(nextLat - lat) / LONG_EDGE_DEG));
    const level = Math.abs(nextLon - lon) < 1e-9;
    for (let piece = 0; piece < (level ? 1 : pieces); piece += 1) {
      result.push([lat + ((nextLat - lat) * piece) / pieces, lon + ((nextLon - lon) * piece) / pieces]);
    }
  }
  result.push(ring[ring.length - 1]);
  return result;
}

/** The place that lies so many kilometres from a point in a direction (degrees from north). */
export function destination([lat, lon], distanceKm, bearingDeg) {
  const angle = distanceKm / EARTH_KM;
  const from = lat * RAD;
  const bearing = bearingDeg * RAD;
  const to = Math.asin(Math.sin(from) * Math.cos(angle) + Math.cos(from) * Math.sin(angle) * Math.cos(bearing));
  const turned = Math.atan2(
    Math.sin(bearing) * Math.sin(angle) * Math.cos(from),
    Math.cos(angle) - Math.sin(from) * Math.sin(to),
  );
  return [to / RAD, lon + turned / RAD];
}

/** Great-circle distance in kilometres. */
export function distanceKm([lat1, lon1], [lat2, lon2]) {
  const a =
    Math.sin(((lat2 - lat1) * RAD) / 2) ** 2 +
    Math.cos(lat1 * RAD) * Math.cos(lat2 * RAD) * Math.sin(((lon2 - lon1) * RAD) / 2) ** 2;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(a)));
}

/** The outline of a circle on the globe, as the flat map must show it; one that holds a pole reaches the map's edge. */
export function circleOutline(center, radiusKm) {
  const ring = [];
  for (let step = 0; step <= CIRCLE_STEPS; step += 1) ring.push(destination(center, radiusKm, (360 * step) / CIRCLE_STEPS));
  const north = distanceKm(center, [90, center[1]]) <= radiusKm;
  const south = distanceKm(center, [-90, center[1]]) <= radiusKm;
  if (!north && !south) return unwrapRing(ring);
  const sorted = ring
    .slice(0, -1)
    .map(([lat, lon]) => [lat, center[1] + wrapLon(lon - center[1])])
    .sort((a, b) => a[1] - b[1]);
  const edge = north ? EDGE_LAT : -EDGE_LAT;
  const [west, east] = [center[1] - 180, center[1] + 180];
  return [[edge, west], [sorted[0][0], west], ...sorted, [sorted[0][0], east], [edge, east], [edge, west]];
}

/** Outline of a shape as the map draws it. */
export function outlineOf(shape) {
  return shape.kind === "circle" ? circleOutline(shape.center, shape.radiusKm) : densify(drawableRing(shape.ring));
}

/** Move a ring by whole turns so that it lies next to a longitude; shapes of one alert stay together on the map. */
export function nearLongitude(ring, lon) {
  const middle = (Math.min(...ring.map((point) => point[1])) + Math.max(...ring.map((point) => point[1]))) / 2;
  const turns = Math.round((lon - middle) / 360);
  return turns === 0 ? ring : ring.map(([lat, value]) => [lat, value + 360 * turns]);
}

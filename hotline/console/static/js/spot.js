// Small maps that show one place: elements with data-lat and data-lon. Outlines come along; no tile server is asked.
"use strict";

(() => {
  const ZOOM = 5;
  const places = [...document.querySelectorAll("[data-lat][data-lon]")];
  if (!places.length || !window.L) return;
  const outlines = fetch(document.body.dataset.world || places[0].dataset.world)
    .then((response) => (response.ok ? response.json() : Promise.reject(new Error(String(response.status)))))
    .then((topology) => topojson.feature(topology, topology.objects.countries));

  for (const element of places) {
    const at = [Number(element.dataset.lat), Number(element.dataset.lon)];
    const map = L.map(element, { center: at, zoom: ZOOM, minZoom: 1, maxZoom: 9, attributionControl: false, scrollWheelZoom: false, worldCopyJump: true });
    const point = L.circleMarker(at, { radius: 8, className: "map-point" });
    if (element.dataset.label) {
      // As an element, because Leaflet reads a string as HTML and the label is what somebody typed.
      const label = document.createElement("span");
      label.textContent = element.dataset.label;
      point.bindTooltip(label);
    }
    point.addTo(map);
    outlines.then((land) => {
      L.geoJSON(land, { interactive: false, className: "map-country" }).addTo(map).bringToBack();
      element.dataset.drawn = "yes";
    }).catch(() => {
      // Without outlines the place is still shown by its coordinates in the list beside the map.
      element.dataset.drawn = "no";
    });
  }
})();

"""Places on the globe: areas, the exact test of who is inside, cells, the resident index, countries and cities."""

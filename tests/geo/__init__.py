"""Tests of places: areas, cells, the resident index, its step with SQL, countries and cities."""

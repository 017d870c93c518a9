"""Tests of quotes."""

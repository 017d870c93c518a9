"""Tests of settlements with missions."""

"""Tests of mission tills."""

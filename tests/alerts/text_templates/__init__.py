"""Tests of prepared texts."""

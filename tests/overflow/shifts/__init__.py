"""Tests of planned duty."""

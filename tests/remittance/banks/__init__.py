"""Tests of the ministry's bank accounts."""

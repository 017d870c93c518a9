"""Tests of the remittance."""

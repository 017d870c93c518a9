"""Tills: what cash lies in each mission, counted by two people, moved by two people, and explained where it differs."""

"""Incidents: a crisis with its place, team and log, and the switch of disaster mode."""

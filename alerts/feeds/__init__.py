"""Feeds of other authorities, polled on a schedule: what they report above a threshold becomes a draft, never more."""

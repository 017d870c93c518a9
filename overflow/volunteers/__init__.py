"""Volunteers: who they are, what they can, when they may be asked, and their own page."""

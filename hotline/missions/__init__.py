"""Embassies and consulates: names, lines and places."""

"""Figures of remittances: how many, how much, and how long each step took."""

"""Screening: sanctions lists, rules against fraud, and holds that tip nobody off."""

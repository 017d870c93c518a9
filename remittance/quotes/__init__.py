"""Quotes: rates with their source and time, and what a relative is asked to deposit."""

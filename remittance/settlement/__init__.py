"""Settling with missions: what they paid out is reckoned up by one finance officer, agreed to by another, and booked once."""

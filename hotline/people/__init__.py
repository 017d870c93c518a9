"""Persons and how to reach them: travellers, their numbers, languages and positions."""

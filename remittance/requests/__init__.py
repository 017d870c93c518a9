"""Remittances: what was asked for, for whom, by which rules, and where each stands."""

"""Planned duty of agents and volunteers: who works when, whether that is enough, swaps, reminders, and who did not come."""

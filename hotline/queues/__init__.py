"""Queues: who waits, for what, since when; which agent gets them; callbacks that keep the place. Knows nothing of calls."""

"""Queues: who waits for whom, in which order, who is reserved for whom, callbacks, and what waiting was like."""

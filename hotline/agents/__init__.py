"""Agents: who answers, what they can, and whether they are free; knows nothing of queues and calls."""

"""Agents: who answers, what they can do, where they sit, and the state each is in at every moment."""

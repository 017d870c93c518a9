"""Forwarded calls: embassies' exchanges announce them, rules decide, and the arriving call is recognised."""

"""The embassies' lines: forwarded calls, the morning hand-over, tests of the lines."""

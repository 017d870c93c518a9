"""Registration by the traveller: a number proved by a code, then one's own entry, trips, opt-out and erasure."""

"""Personal links: short signed tokens by which somebody opens their own page without an account."""

"""Our own warnings as CAP 1.2 documents for everybody: composed, validated, signed, kept for good, and listed in a feed."""

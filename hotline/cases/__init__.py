"""Cases: somebody needs help; one open case per person and crisis, with a named owner and everything that was said."""

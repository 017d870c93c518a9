"""Emergency alerts: from a warning that comes in to a text on every handset in the area."""

"""Every speed that is claimed, as a ratio measured in one run."""

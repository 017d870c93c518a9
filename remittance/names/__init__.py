"""Names of people as banks, passports and lists write them, compared across scripts."""

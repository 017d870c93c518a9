"""Made-up officers, missions and travellers to practise with; never on an installation that others can reach."""

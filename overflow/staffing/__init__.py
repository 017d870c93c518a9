"""How many must answer: arrivals foreseen, agents needed for them, and what to do about it before the service level breaks."""

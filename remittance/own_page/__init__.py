"""Own pages: where a relative reads what to deposit, and where a traveller asks for money and follows it."""

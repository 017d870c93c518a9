"""The whole service of remittance at once: many missions, currencies, clocks and failures."""

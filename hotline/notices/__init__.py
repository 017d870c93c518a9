"""Single texts outside alerts: codes, arrival texts, the duty officer's ring, word to a relative."""

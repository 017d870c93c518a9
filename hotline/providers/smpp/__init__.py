"""SMPP 3.4: the link to a carrier's message centre, texts as it takes them, and what its answers and receipts mean."""

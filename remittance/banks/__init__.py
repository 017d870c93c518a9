"""The ministry's own bank accounts: where relatives deposit, and whose statements are read."""

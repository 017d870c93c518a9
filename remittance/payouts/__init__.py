"""Payouts: a deposit is released, the traveller gets a code, and a cashier hands out the cash before a witness."""

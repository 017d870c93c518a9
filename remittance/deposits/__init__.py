"""Deposits: the bank's statements, read and matched to what relatives were asked to pay."""

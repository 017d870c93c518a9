"""Delivery receipts: taken in durably, ranked, and folded into their messages in batches."""

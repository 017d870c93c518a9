"""Surge: volunteers are called out, confirmed, brought to the telephone, and stood down again."""

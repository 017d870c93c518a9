"""The silent: whoever was not delivered to, or has not answered, is tried over another channel by policy."""

"""Dispatch: messages from their rows to the provider, exactly once each, whatever breaks in between."""

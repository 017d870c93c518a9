"""The morning hand-over: what happened while a mission was closed, acknowledged item by item."""

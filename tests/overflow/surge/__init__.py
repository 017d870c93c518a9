"""The room of call-outs."""

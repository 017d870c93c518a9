"""Telling both sides: texts to the traveller and the relative at each step that means something to them."""

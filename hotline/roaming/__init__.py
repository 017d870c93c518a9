"""Carriers' roaming events: which network a subscriber's telephone has registered in, taken in durably and folded in bursts."""

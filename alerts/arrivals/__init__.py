"""The safety text on arrival: who gets which words when, once per trip and country."""

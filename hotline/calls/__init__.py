"""Calls: what is said and pressed, menus, waiting, agents' legs, bridges and transfers, on Twilio's webhooks and API."""

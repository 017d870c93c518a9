"""The 24-hour centre: the ground floor on which the alerts, overflow and remittance services stand."""

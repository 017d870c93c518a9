"""What follows an alert: updates, the all-clear, the correction, and people who enter its area while it is live."""

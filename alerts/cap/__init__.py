"""The Common Alerting Protocol 1.2, read from anybody and written for anybody."""

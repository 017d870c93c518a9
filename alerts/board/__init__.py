"""The live board of an alert: who is reached, safe, in need of help, or silent."""

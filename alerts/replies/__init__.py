"""What people answer to an alert: safe or in need of help, by their personal page or by text."""

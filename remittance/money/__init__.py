"""Money as whole minor units with a currency: amounts, what a quote rounds, and how people read and write them; pure."""

"""Networks in words, and the addresses of the front door."""

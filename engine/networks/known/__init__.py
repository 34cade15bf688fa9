"""Which networks there are, who is in them, and which addresses they have."""

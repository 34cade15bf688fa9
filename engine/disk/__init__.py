"""What takes the space of the store, and giving it back."""

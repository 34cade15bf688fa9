"""A layer's way into the store, its compressed form, and back from that."""

"""The keeper process in its own user and mount namespace, its client, id mapping, and mount plans as data."""

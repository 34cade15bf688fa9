"""Connections of BuildKit's door: HTTP/2 over what was hijacked, its bounds, and the sessions on it."""

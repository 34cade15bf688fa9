"""`build`: its context, its wishes, and where the result goes."""

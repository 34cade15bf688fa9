"""The logs of several containers as one, in the order of time."""

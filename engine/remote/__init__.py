"""The engine of another machine by the same facade: a Wherry's own, or one that speaks Docker's API."""

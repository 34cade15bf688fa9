"""Questions to the user, error panels with the button that mends, the report of a crash."""

"""Images as archives: read and written in every layout that is met."""

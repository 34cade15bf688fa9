"""What members have of each other: the bridge between them, and names, told to the names server."""

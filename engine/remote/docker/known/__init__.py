"""What is known of the machine: its objects in our shapes, followed by its events, and what it lacks."""

"""What is known of each container: its record, its place in the book, its name."""

"""What is kept of a log: rotated files, those of removed containers, the last lines."""

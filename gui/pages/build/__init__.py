"""What a build looks like from inside."""

"""What a compose file may say: every field with its shape, the short ways to write it, and what could stand where."""

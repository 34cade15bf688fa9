"""What flows through the command: files, tars, frames, terminals, progress."""

"""What happened, told once and in order: the bus for those who watch now, the log for those who ask later."""

"""Files and whole trees on the disk: seen, changed, measured, copied, removed. Nothing leads out of their root."""

"""Pure functions from snapshots to words, tones, icons and sort keys. No widgets, no engine, no clock of its own."""

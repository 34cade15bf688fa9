"""A log with its tools: where the lines come from, what is looked for in them, and the panel that shows both."""

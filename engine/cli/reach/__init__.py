"""The way to an engine: where its socket is, starting one, another machine's, and HTTP over it."""

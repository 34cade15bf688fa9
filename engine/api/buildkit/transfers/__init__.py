"""Files between a client and this engine, over its session: directories had and given."""

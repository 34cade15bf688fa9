"""Building images from Dockerfiles: the language, the graph of steps, the cache, and the running of it."""

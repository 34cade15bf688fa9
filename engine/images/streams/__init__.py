"""Bytes on their way: taken out of compression, read as tar, passed between threads and the loop."""

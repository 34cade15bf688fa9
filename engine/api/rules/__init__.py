"""What Docker refuses of a request, in its own words: clients and their suites look for them."""

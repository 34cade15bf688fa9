"""A whole engine in memory, kept to the facade's contract by the suite in tests/contract."""

"""A whole engine in memory, kept to the facade's contract by the suite in tests/contract; and a machine in memory, on
which the real engine runs (`machine.py`)."""

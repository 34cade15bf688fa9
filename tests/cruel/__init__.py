"""A seeded driver that is as cruel as a bad day: `python -m tests.cruel --minutes N`."""

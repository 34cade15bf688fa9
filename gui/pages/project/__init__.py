"""One project: its services, its log, its file, its past."""

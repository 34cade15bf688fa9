"""What must survive: one SQLite file, its migrations, and the lock that makes one process the owner of a store."""

"""What lies below every endpoint: the other end, versions, statuses, filters, raw streams, compressed bodies."""

"""What of the host counts for networks: its ports, its routes, its resolvers."""

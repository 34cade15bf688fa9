"""One container's way to the host and the world: its namespace, and the pasta on it or what stands in for one."""

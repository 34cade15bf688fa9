"""What a container may reach, as its labels say it: an allow-list, or no neighbours."""

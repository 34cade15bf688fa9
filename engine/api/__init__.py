"""The Docker Engine API over a unix socket: translation between JSON and the facade, and nothing else."""

"""The verbs of a remote Docker's swarm, in docker's words."""

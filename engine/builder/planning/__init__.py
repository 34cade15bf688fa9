"""What is to be done, worked out of the Dockerfile before anything happens. Pure."""

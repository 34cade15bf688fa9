"""From a request and an image to an OCI runtime spec: what a container is to be, one file for each part of it."""

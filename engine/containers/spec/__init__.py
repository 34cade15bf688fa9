"""From a request and an image to an OCI runtime spec: pure functions, one file for each part of it."""

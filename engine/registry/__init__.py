"""Talking to registries: the OCI distribution protocol, credentials, mirrors, and typed errors for all that goes wrong."""

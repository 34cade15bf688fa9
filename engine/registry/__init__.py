"""Talking to registries: the OCI distribution protocol, credentials, mirrors, typed errors for all that goes wrong."""

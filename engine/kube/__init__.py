"""Kubernetes manifests as what this engine can run: read, checked, planned. Pure; nobody here asks an engine."""

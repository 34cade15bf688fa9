"""A Kubernetes cluster as a client sees it. Loaded when one is opened; nothing of our own is an orchestrator."""

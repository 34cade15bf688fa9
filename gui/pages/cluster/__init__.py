"""What the page of Kubernetes clusters is made of. Loaded when it is first shown."""

"""A recipe taken elsewhere: compose, Kubernetes, Quadlet and systemd. Each is written, none is read back."""

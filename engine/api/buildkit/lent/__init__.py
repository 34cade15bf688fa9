"""What a client's session lends a build: content stores, caches, layouts, secrets and logins."""

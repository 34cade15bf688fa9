"""Images, layers and builds in words."""

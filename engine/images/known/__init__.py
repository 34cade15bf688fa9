"""What is known of images and layers: names, manifests, configurations, platforms, the catalogue."""

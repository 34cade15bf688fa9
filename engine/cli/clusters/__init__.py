"""The group `kube`: manifests played here, and clusters spoken to."""

"""What is on disk: paths, blobs by digest, layers by diff id, root file systems, and what keeps them clean."""

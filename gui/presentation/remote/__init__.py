"""What is not this computer in words: machines, clusters, swarms."""

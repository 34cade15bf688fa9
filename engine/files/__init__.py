"""Files of containers, volumes and images; every path is resolved inside the tree it names."""

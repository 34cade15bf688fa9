"""From a project to what has to happen: bodies of Docker's requests, hashes, labels, the plan."""

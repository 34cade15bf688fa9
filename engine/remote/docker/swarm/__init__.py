"""A swarm it manages: services, tasks, nodes, stacks and their deployment."""

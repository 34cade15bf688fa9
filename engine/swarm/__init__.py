"""Docker's Swarm without asking anybody: a project as a stack, a manager's answers, a service's changes."""

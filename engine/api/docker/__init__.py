"""Docker's endpoints: a module for each noun, a function for each call."""

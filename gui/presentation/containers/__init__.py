"""Containers in words: states, ports, figures, recipes and what is wrong with them, forms to take them elsewhere."""

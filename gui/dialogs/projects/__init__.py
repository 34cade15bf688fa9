"""Dialogs about projects: the gallery, the plan, how many of each, and onto a swarm or a cluster."""

"""Containers: created, started, looked after, stopped and found again. `ContainerService` is what the facade shows.

The rooms within, from the lowest: `known` (the record and the book), `spec` (what it is to be, pure), `run` (brought
up), `end` (taken down), `make` (created and edited), `watch` (looked after and found again), `look` (looked into). Each
knows only those before it; a test keeps it so. `restarter.py` stays where it is: supervisors of running containers call
it by its path, also after an update of everything else.
"""

"""Containers: created, started, looked after, stopped and found again. `service.ContainerService` is the face.

The parts: `book` holds what is known of each, `creation` makes, `starting` brings up, `ending` takes down,
`supervision` notices ends and obeys restart policies, `adoption` finds everything again when an engine starts.
"""

"""The facade over real engines of others: a dockerd, a podman service. Not part of the suite: `python -m tests.peers`.

tests/peers/prepare DIRECTORY            # as root: Debian sid with docker.io, Debian 12 with podman 4.3
tests/peers/start DIRECTORY docker|podman  # each in namespaces of its own; prints its address
python -m tests.peers ADDRESS            # every check, with what it took
python -m tests.peers nodes DIRECTORY    # as root: two Docker engines as one swarm, which it starts itself
python -m tests.peers bring ADDRESS      # what it has, brought over here
python -m tests.peers all DIRECTORY      # as root: prepared, started and asked everything, with TLS and without
"""

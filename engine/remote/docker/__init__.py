"""The facade over Docker's API, as dockerd and podman's service speak it: JSON to snapshots, requests to JSON.

In rooms from the lowest: `known` `watching` `files` `images` `swarm`; `engine` joins them.
"""

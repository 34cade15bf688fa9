"""The facade over Docker's API, as dockerd and podman's service speak it: JSON to snapshots, requests to JSON."""

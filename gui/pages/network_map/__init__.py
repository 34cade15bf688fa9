"""The picture of the networks: what is drawn, what flows, and the figures of a chosen wire."""

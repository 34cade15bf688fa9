"""The `wherry` command: a thin client of the engine's socket. Each verb is loaded only when it is typed."""

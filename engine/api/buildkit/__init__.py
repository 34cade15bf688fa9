"""BuildKit's door: what `docker build`, buildx, bake and compose of today speak, answered by the builder of this
engine.

No graph of BuildKit's own is solved: clients name the frontend `dockerfile.v0`, and our builder reads the same
language.
Nothing here is loaded before the first client asks for it.
"""

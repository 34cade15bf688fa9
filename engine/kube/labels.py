"""The labels by which the things that were made of a manifest are found again."""

from __future__ import annotations

OBJECT = "io.wherry.kube.object"
"""Which object of a manifest it was made of: "Deployment/web"."""
HASH = "io.wherry.kube.hash"
"""Of everything it was made with: the same again is left alone."""
EMPTY = "io.wherry.kube.empty"
"""On a volume that is nobody's data: room for a pod while it is there, or files out of a manifest."""
FILES = "io.wherry.kube.files"
"""Of what such files are: "configMap" or "secret"."""

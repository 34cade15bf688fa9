"""Invented file trees of image layers, the same in every run, and the questions the layer index answers of them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from engine.errors import NotFound
from engine.types.data import now
from engine.types.images import FileEntry, FileKind, HistoryStep, TreeChange, TreeNode
from tests.fakes.store import fake_digest

if TYPE_CHECKING:
    from engine.types.images import Image

_DIRECTORIES = (
    (
        "/bin",
        "/etc",
        "/lib/x86_64-linux-gnu",
        "/usr/bin",
        "/usr/lib/python3.11",
        "/usr/share/zoneinfo",
        "/var/lib/dpkg",
    ),
    ("/usr/share/doc", "/usr/share/locale/de", "/var/cache/apt", "/etc/ssl/certs"),
    ("/app", "/app/static/css", "/app/static/js", "/etc/app"),
    ("/app/plugins", "/srv/data"),
)
_COMMANDS = (
    "/bin/sh -c #(nop) ADD file:4b6b7c2ef8d1 in / ",
    "RUN /bin/sh -c apt-get update && apt-get install -y ca-certificates # buildkit",
    "COPY . /app # buildkit",
    "RUN /bin/sh -c /app/install-plugins.sh --all # buildkit",
)


class LayeredTree:
    """One image's layers: a dict of entries each."""

    def __init__(self, image: Image) -> None:
        rng = random.Random(image.id)
        self.layers: list[dict[str, FileEntry]] = []
        for number in range(len(image.layers)):
            share = image.size // (number + 2)
            self.layers.append(_layer(rng, _DIRECTORIES[number % len(_DIRECTORIES)], share))
        config_step = HistoryStep(created=image.created or now(), created_by='CMD ["serve"]', comment="buildkit")
        self.steps = [
            HistoryStep(
                created=image.created,
                created_by=_COMMANDS[n % len(_COMMANDS)],
                diff_id=diff_id,
                size=self.layer_size(n),
            )
            for n, diff_id in enumerate(image.layers)
        ]
        self.steps.append(config_step)

    @staticmethod
    def of(image: Image) -> LayeredTree:
        return _tree(image.id, image)

    def layer_size(self, number: int) -> int:
        return sum(entry.size for entry in self.layers[number].values())

    def merged(self, layer: int = -1) -> dict[str, FileEntry]:
        result: dict[str, FileEntry] = {}
        for entries in self.layers[: layer + 1 if layer >= 0 else None]:
            result.update(entries)
        return result

    def entry(self, path: str, layer: int) -> FileEntry:
        entry = self.merged(layer).get(path)
        if entry is None:
            raise NotFound(f"{path} is not in the image", subject=path)
        return entry

    def children(self, path: str, *, layer: int, merged: bool) -> list[TreeNode]:
        entries = self.merged(layer) if merged else self.layers[layer]
        base = path.rstrip("/") + "/"
        if base != "/" and path.rstrip("/") not in entries:
            raise NotFound(f"{path} is not in the image", subject=path)
        names = sorted({key[len(base) :].partition("/")[0] for key in entries if key.startswith(base)})
        return [self._node(base + name, entries, layer) for name in names if name]

    def largest(self, path: str, *, layer: int) -> list[TreeNode]:
        entries = self.merged(layer)
        base = path.rstrip("/") + "/"
        nodes = [self._node(key, entries, layer) for key in entries if key.startswith(base)]
        return sorted(nodes, key=lambda node: -node.tree_size)

    def _node(self, path: str, entries: dict[str, FileEntry], layer: int) -> TreeNode:
        entry = entries.get(path) or FileEntry(path=path, kind=FileKind.DIRECTORY, mode=0o755)
        below = [other for key, other in entries.items() if key.startswith(path + "/")]
        from_layer = max((n for n, one in enumerate(self.layers) if path in one), default=0)
        shown = layer if layer >= 0 else len(self.layers) - 1
        change = TreeChange.ADDED if from_layer == shown and shown > 0 else TreeChange.SAME
        return TreeNode(
            entry=entry,
            change=change,
            tree_size=entry.size + sum(one.size for one in below),
            children=len(below),
            layer=from_layer,
        )


_known: dict[str, LayeredTree] = {}


def _tree(image_id: str, image: Image) -> LayeredTree:
    if image_id not in _known:
        _known[image_id] = LayeredTree(image)
    return _known[image_id]


def _layer(rng: random.Random, directories: tuple[str, ...], size: int) -> dict[str, FileEntry]:
    entries: dict[str, FileEntry] = {}
    files = [f"{directory}/{word}" for directory in directories for word in _names(rng)]
    weights = [rng.expovariate(1.0) ** 2 for _ in files]
    for path, weight in zip(files, weights, strict=True):
        parts = path.split("/")[1:-1]
        for depth in range(len(parts)):
            folder = "/" + "/".join(parts[: depth + 1])
            entries.setdefault(folder, FileEntry(path=folder, kind=FileKind.DIRECTORY, mode=0o755, mtime=1.7e9))
        entries[path] = FileEntry(
            path=path,
            kind=FileKind.FILE,
            size=int(size * weight / sum(weights)),
            mode=0o644,
            mtime=1.7e9,
            digest=fake_digest(path),
        )
    return entries


def _names(rng: random.Random) -> list[str]:
    words = (
        "index",
        "main",
        "libcrypto.so.3",
        "server",
        "config.json",
        "schema.sql",
        "README.md",
        "worker.py",
        "data.bin",
    )
    return rng.sample(words, rng.randint(3, 7))

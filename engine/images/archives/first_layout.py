"""Archives as `docker save` wrote them before 1.10: a directory with a `json` and a layer per image, each naming the
one it stands on, and `repositories` with the names. What an image of today says of itself is worked out from that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from engine.images.streams.tar_stream import bad_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NAMES: Final = "repositories"
_MOST_LAYERS: Final = 500
_OF_THE_LAYOUT: Final = ("id", "parent", "Size", "parent_id", "layer_id", "throwaway", "layerid")
"""What a `json` says that is no part of an image's configuration."""

_Step = dict[str, Any]


def named_images(text: bytes) -> dict[str, tuple[str, ...]]:
    """By the id of its topmost step, the names of each image."""
    repositories = _decode(text, dict[str, dict[str, str]], NAMES)
    names: dict[str, list[str]] = {}
    for repository, tags in repositories.items():
        for tag, top in tags.items():
            names.setdefault(top, []).append(f"{repository}:{tag}")
    return {top: tuple(given) for top, given in names.items()}


def steps_of(top: str, document: Callable[[str], bytes]) -> list[_Step]:
    """The steps of an image, the first one first."""
    steps: list[_Step] = []
    step_id = top
    while step_id:
        if len(steps) == _MOST_LAYERS:
            raise bad_archive("its images stand on one another without end")
        step = _decode(document(f"{step_id}/json"), _Step, f"{step_id[:80]}/json")
        steps.append({**step, "id": step_id})
        parent = step.get("parent") or ""
        step_id = parent if isinstance(parent, str) else ""
    return steps[::-1]


def layer_path(step: _Step) -> str:
    return f"{step['id']}/layer.tar"


def config_of(steps: Sequence[_Step], diff_ids: Sequence[str]) -> bytes:
    """The configuration of today: the last step's, with all layers and what made each."""
    document = {key: value for key, value in steps[-1].items() if key not in _OF_THE_LAYOUT}
    document["rootfs"] = {"type": "layers", "diff_ids": list(diff_ids)}
    document["history"] = [_line(step) for step in steps]
    return msgspec.json.encode(document)


def _line(step: _Step) -> dict[str, Any]:
    made_by = step.get("container_config") or {}
    command = made_by.get("Cmd") if isinstance(made_by, dict) else None
    words = [word for word in command if isinstance(word, str)] if isinstance(command, list) else []
    line = {
        "created": step.get("created"),
        "author": step.get("author"),
        "created_by": " ".join(words),
        "comment": step.get("comment"),
    }
    return {key: value for key, value in line.items() if value}


def _decode(text: bytes, shape: Any, name: str) -> Any:
    try:
        return msgspec.json.decode(text, type=shape)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise bad_archive(f"its {name} cannot be read ({error})") from error

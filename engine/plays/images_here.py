"""Images that manifests name and that only this computer has: which, what they would be called at a registry, and the
manifests with those names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.compose.faults import ComposeError
from engine.compose.text.document import read
from engine.errors import InvalidRequest, NotFound
from engine.recipe.exports.yaml_text import yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.facade import Engine


async def only_here(engine: Engine, texts: Mapping[str, str]) -> list[str]:
    """Those that no registry has given or been given, as the manifests call them."""
    found = []
    for reference in sorted({str(each["image"]) for values in _read(texts).values() for each in _with_image(values)}):
        try:
            image = await engine.images.get(reference)
        except (NotFound, InvalidRequest):
            continue  # the cluster finds it, or tells that it does not
        repositories = {digest.partition("@")[0] for digest in image.digests}
        if _repository(reference) not in repositories and "@" not in reference:
            found.append(reference)
    return found


def names_at(registry: str, references: Sequence[str]) -> dict[str, str]:
    """What each is called there: its own last word below the registry's path; all of its words where two share one."""
    place = registry.removeprefix("https://").strip("/")
    if not place or " " in place:
        raise InvalidRequest("A registry is needed, such as registry.example.org/me", subject=registry)
    lasts = [_repository(each).rpartition("/")[2] for each in references]
    named = {}
    for reference, last in zip(references, lasts, strict=True):
        tag = reference[len(_repository(reference)) :] or ":latest"
        word = last if lasts.count(last) == 1 else _repository(reference).replace("/", "-").replace(":", "-")
        named[reference] = f"{place}/{word}{tag}"
    return named


def with_images(texts: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """Remarks in the files are lost, which a cluster does not read."""
    made = {}
    for file, values in _read(texts).items():
        for each in _with_image(values):
            each["image"] = names.get(str(each["image"]), each["image"])
        made[file] = "---\n".join(yaml_text(value) for value in values if value is not None)
    return made


def _read(texts: Mapping[str, str]) -> dict[str, list[Any]]:
    try:
        return {file: [document.value for document in read(text, file)] for file, text in texts.items()}
    except ComposeError as error:
        raise InvalidRequest("The manifests cannot be used", str(error)) from error


def _with_image(value: Any) -> Iterator[dict[str, Any]]:
    """Every container, wherever it stands: pods are in workloads, and those in lists."""
    if isinstance(value, list):
        for each in value:
            yield from _with_image(each)
    elif isinstance(value, dict):
        if isinstance(value.get("image"), str) and isinstance(value.get("name"), str):
            yield value
        for each in value.values():
            yield from _with_image(each)


def _repository(reference: str) -> str:
    head, colon, tag = reference.partition("@")[0].rpartition(":")
    return head if colon and "/" not in tag else reference.partition("@")[0]

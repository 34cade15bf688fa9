"""A template's file: an ordinary compose file whose `x-gallery` says what a person fills in. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from engine.compose.faults import ComposeError, Problem
from engine.compose.text import document
from engine.compose.text.interpolation import names
from engine.types.gallery import FieldKind, GalleryField, GalleryTemplate

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_FIELDS = 40


def read_template(text: str, file: str, template_id: str, source: str = "") -> GalleryTemplate:
    """Raises ComposeError. A compose file without the header is a template too: its variables are its form."""
    documents = document.read(text, file)
    top = documents[0].value if documents else None
    if not isinstance(top, dict) or not isinstance(top.get("services"), dict) or not top["services"]:
        raise ComposeError(Problem((), f"{file} has no services"))
    header = top.get("x-gallery") or {}
    if not isinstance(header, dict):
        raise ComposeError(Problem(("x-gallery",), "x-gallery must be a mapping", documents[0].mark(("x-gallery",))))
    asked = names({key: value for key, value in top.items() if key != "x-gallery"})
    form = header.get("form")
    fields = _fields(form, documents[0]) if form is not None else _from_variables(asked)
    services = top["services"]
    return GalleryTemplate(
        id=template_id,
        title=str(header.get("title") or template_id),
        category=str(header.get("category") or ""),
        about=_by_language(header.get("about")),
        fields=fields,
        services=tuple(map(str, services)),
        images=tuple(str(each.get("image", "")) for each in services.values() if isinstance(each, dict)),
        data={str(key): str(value) for key, value in _mapping(header.get("data")).items()},
        opens=str(header.get("opens") or ""),
        source=source,
        text=_without_header(text),
    )


def _fields(form: Any, at: document.Document) -> tuple[GalleryField, ...]:
    if not isinstance(form, dict) or len(form) > _MOST_FIELDS:
        raise ComposeError(Problem(("x-gallery", "form"), f"a mapping of at most {_MOST_FIELDS} fields is needed"))
    made = []
    for name, said in form.items():
        path = ("x-gallery", "form", str(name))
        said = _mapping(said)
        kind = said.get("kind", "text")
        if not _NAME.fullmatch(str(name)):
            raise ComposeError(Problem(path, f"“{name}” is no name of a variable", at.mark(path)))
        if kind not in get_args(FieldKind):
            told = f"“{kind}” is no kind of a field: {', '.join(get_args(FieldKind))}"
            raise ComposeError(Problem(path, told, at.mark(path)))
        made.append(
            GalleryField(
                name=str(name),
                kind=kind,
                default=str(said.get("default", "")),
                label=_by_language(said.get("label")),
                choices=tuple(map(str, said.get("choices") or ())),
            )
        )
    return tuple(made)


def _from_variables(asked: Mapping[str, str | None]) -> tuple[GalleryField, ...]:
    """What a name ends with tells what it is."""
    found = []
    for name, default in sorted(asked.items()):
        ends = name.upper()
        kind: FieldKind = "text"
        if ends.endswith(("PASSWORD", "SECRET", "TOKEN")) and not default:
            kind = "password"
        elif ends.endswith("PORT"):
            kind = "port"
        found.append(GalleryField(name=name, kind=kind, default=default or "", label={"en": name}))
    return tuple(found[:_MOST_FIELDS])


def _by_language(value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        return {str(key): str(each) for key, each in value.items()}
    return {"en": str(value)} if value else {}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _without_header(text: str) -> str:
    """The file without what only the gallery reads."""
    kept, inside = [], False
    for line in text.split("\n"):
        if line.startswith("x-gallery:"):
            inside = True
        elif inside and line[:1].strip():
            inside = False
        if not inside:
            kept.append(line)
    return "\n".join(kept)

"""Services as templates: what a person fills in, and the files that come of it."""

from __future__ import annotations

from typing import Literal

from engine.types.data import Data

FieldKind = Literal["version", "port", "password", "memory", "text"]


class GalleryField(Data, frozen=True, kw_only=True):
    """One line of a template's form; its name is the variable that it becomes."""

    name: str
    kind: FieldKind = "text"
    default: str = ""
    label: dict[str, str] = {}
    """By language; without one, the kind says enough."""
    choices: tuple[str, ...] = ()


class GalleryTemplate(Data, frozen=True, kw_only=True):
    """A service, or a few that belong together, to be put into a project."""

    id: str
    title: str
    category: str = ""
    about: dict[str, str] = {}
    fields: tuple[GalleryField, ...] = ()
    services: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    data: dict[str, str] = {}
    """Volume to where its data lies in the container."""
    opens: str = ""
    """The address to look at in a browser, with variables."""
    source: str = ""
    """"" for those that come with the program."""
    text: str = ""
    """The compose file itself, without the part that only the gallery reads."""


class GallerySource(Data, frozen=True, kw_only=True):
    """A folder or a git address that templates come from."""

    address: str
    templates: int = 0
    problems: tuple[str, ...] = ()
    """Files that are no templates, and why."""


class AddFromGallery(Data, frozen=True, kw_only=True):
    """Fill in a template, on top of what a project's files say already."""

    template: str
    values: dict[str, str] = {}
    """A password that is not given is made."""
    compose: str = ""
    env: str = ""


class MadeFromGallery(Data, frozen=True, kw_only=True):
    """A project's files with the services in them. Nothing was written yet."""

    compose: str
    env: str
    services: tuple[str, ...] = ()
    opens: str = ""

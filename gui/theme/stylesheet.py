"""The style sheet for Qt's own widgets, filled in from a palette. Fonts are set on widgets, never here."""

from __future__ import annotations

from string import Template

from gui.theme.tokens import Palette, Radius, Size, Space, roles_of
from resources import resource


def style_sheet(palette: Palette) -> str:
    """The whole application's style sheet in one palette's colours."""
    values: dict[str, str] = {
        **roles_of(palette),
        "r_small": str(int(Radius.SMALL)),
        "r_medium": str(int(Radius.MEDIUM)),
        "r_large": str(int(Radius.LARGE)),
        "control": str(int(Size.CONTROL)),
        "row": str(int(Size.ROW)),
        "header": str(int(Size.HEADER)),
        "shade": "dark" if palette.dark else "light",
        "arts": resource("styles").as_posix(),
    }
    values.update({f"s_{step.name.lower()}": str(int(step)) for step in Space})
    return Template(resource("styles/wherry.qss").read_text(encoding="utf-8")).substitute(values)

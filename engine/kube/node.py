"""A value of a manifest that knows where it stands: read with the type it must have, faults noted with their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.compose.faults import Problem, near_miss

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.compose.faults import Path
    from engine.compose.text.document import Document

_WORDS = {dict: "a mapping", list: "a list", str: "a text", int: "a whole number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Node:
    document: Document
    value: Any
    path: Path
    problems: list[Problem]
    """Everything that was found so far, of all nodes of one reading."""

    # --- faults ---

    def note(self, message: str, *, key: str | int = "", hint: str = "", warning: bool = False) -> None:
        path = (*self.path, key) if key != "" else self.path
        found = Problem(path, message, self.document.mark(path), hint, warning)
        if found not in self.problems:
            self.problems.append(found)

    def only(self, known: Iterable[str], left_alone: Mapping[str, str] = {}) -> None:
        """Whatever else stands here is a slip of the pen; what is left alone is said, with the reason."""
        names = {*known}
        for key in self.value if isinstance(self.value, dict) else ():
            if key in left_alone:
                if self.value[key] not in (None, "", [], {}, False):
                    self.note(f"{key} {left_alone[key]}", key=key, warning=True)
            elif key not in names:
                self.note(f"there is no field “{key}” here", key=key, hint=near_miss(key, [*names, *left_alone]))

    # --- what stands below ---

    def has(self, key: str) -> bool:
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def below(self, key: str) -> Node:
        """A mapping; an empty one where none is."""
        return self._made(key, self._typed(key, dict, {}))

    def each(self, key: str) -> list[Node]:
        """The mappings of a list."""
        found = self._typed(key, list, [])
        holder = self._made(key, found)
        nodes = []
        for number, item in enumerate(found):
            if isinstance(item, dict):
                nodes.append(Node(self.document, item, (*holder.path, number), self.problems))
            else:
                holder.note("a mapping must stand here", key=number)
        return nodes

    def text(self, key: str, default: str = "") -> str:
        return str(self._typed(key, str, default))

    def any_text(self, key: str, default: str = "") -> str:
        """A number or truth is taken for its word, as kubectl's reader of quantities does."""
        value = self._get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f"{value:g}" if isinstance(value, float) else str(value)
        return self.text(key, default)

    def whole(self, key: str, default: int = 0) -> int:
        return int(self._typed(key, int, default))

    def flag(self, key: str, *, default: bool = False) -> bool:
        return bool(self._typed(key, bool, default))

    def texts(self, key: str) -> tuple[str, ...]:
        found = self._typed(key, list, [])
        for number, item in enumerate(found):
            if not isinstance(item, str):
                self._made(key, found).note(f"a text must stand here, not {item!r}: write it in quotes", key=number)
        return tuple(str(item) for item in found)

    def pairs(self, key: str) -> dict[str, str]:
        """A mapping of texts."""
        found = self._typed(key, dict, {})
        for name, value in found.items():
            if not isinstance(value, str):
                self._made(key, found).note(f"a text must stand here, not {value!r}: write it in quotes", key=name)
        return {name: str(value) for name, value in found.items()}

    def need(self, key: str) -> str:
        """A text that must be there."""
        found = self.any_text(key)
        if not found:
            self.note(f"“{key}” is missing here")
        return found

    def _get(self, key: str) -> Any:
        return self.value.get(key) if isinstance(self.value, dict) else None

    def _made(self, key: str, value: Any) -> Node:
        return Node(self.document, value, (*self.path, key), self.problems)

    def _typed(self, key: str, kind: type, default: Any) -> Any:
        value = self._get(key)
        if value is None:
            return default
        fits = isinstance(value, kind) and (kind is not int or not isinstance(value, bool))
        if not fits:
            self.note(f"{_WORDS[kind]} must stand here, not {value!r}"[:200], key=key)
            return default
        return value

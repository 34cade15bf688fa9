"""Services by what they wait for: dependencies first, and circles found. Without recursion, for a stranger's file may
have a chain of any length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


def in_order(services: Mapping[str, Any], chosen: Iterable[str]) -> list[str]:
    """Dependencies before what depends on them, names in order otherwise."""
    wanted = set(chosen)
    return [name for name in _dependencies_first(services, wanted, lambda _: None) if name in wanted]


def circle(services: Mapping[str, Any]) -> tuple[str, ...]:
    """The first services found that wait for each other, the first of them again at the end; nothing where none do."""
    found: list[tuple[str, ...]] = []
    for _ in _dependencies_first(services, services, found.append):
        if found:
            break
    return found[0] if found else ()


def _dependencies_first(
    services: Mapping[str, Any], names: Iterable[str], met: Callable[[tuple[str, ...]], None]
) -> Iterator[str]:
    """Each once; `met` hears of every circle, at whose last step the walk turns back."""
    done: set[str] = set()
    for first in sorted(names):
        if first in done or first not in services:
            continue
        chain = {first: _waits_for(services, first)}
        while chain:
            name, others = next(reversed(chain.items()))
            other = next(others, None)
            if other is None:
                del chain[name]
                done.add(name)
                yield name
            elif other in chain:
                way = list(chain)
                met((*way[way.index(other) :], other))
            elif other in services and other not in done:
                chain[other] = _waits_for(services, other)


def _waits_for(services: Mapping[str, Any], name: str) -> Iterator[str]:
    return iter(sorted(services[name].get("depends_on") or {}))

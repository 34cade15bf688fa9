"""What a cluster is asked for when somebody reads logs, and how its lines come out."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from engine.clusters.logs import incarnations, newcomers, read, sources
from engine.errors import ClusterError
from engine.types.clusters import ClusterChange, ClusterKind, ClusterLogLine

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from engine.clusters.connection import Connection

PODS = ClusterKind(kind="Pod", plural="pods", group="", version="v1", namespaced=True)


class Logs:
    """By pod and container, what is in them."""

    def __init__(self, told: dict[tuple[str, str], list[bytes] | Exception]) -> None:
        self.told = told
        self.asked: list[tuple[str, dict[str, str]]] = []

    @asynccontextmanager
    async def lines(self, path: str, params: dict[str, str]) -> AsyncIterator[AsyncIterator[bytes]]:
        self.asked.append((path, params))
        found = self.told[path.split("/")[-2], params["container"]]
        if isinstance(found, Exception):
            raise found
        yield self._each(found)

    async def _each(self, lines: list[bytes]) -> AsyncGenerator[bytes, None]:
        for line in lines:
            yield line


async def lines(logs: Logs, *wanted: tuple[str, str], **how: Any) -> list[ClusterLogLine]:
    return [line async for line in read(cast("Connection", logs), PODS, "shop", wanted, **how)]


def line(text: str, pod: str = "a", **more: Any) -> ClusterLogLine:
    time, _, words = text.partition(" ")
    return ClusterLogLine(pod=pod, container="app", time=time, text=words, **more)


async def test_one_log_is_asked_for_as_it_was_wanted() -> None:
    logs = Logs({("a", "app"): [b"1 one", b"2 t\xffwo  words", b"3"]})
    assert await lines(logs, ("a", "app"), tail=5, previous=True, since_seconds=60) == [
        line("1 one"), line("2 t\ufffdwo  words"), line("3"),
    ]  # fmt: skip
    path = "/api/v1/namespaces/shop/pods/a/log"
    assert logs.asked == [
        (path, {"timestamps": "true", "previous": "true", "sinceSeconds": "60", "container": "app", "tailLines": "5"})
    ]
    await lines(logs, ("a", "app"), follow=True)
    assert logs.asked[1:] == [(path, {"timestamps": "true", "container": "app", "follow": "true"})]


async def test_the_past_of_several_comes_by_its_times_and_is_not_told_twice() -> None:
    logs = Logs({("a", "app"): [b"1 one", b"4 four"], ("b", "app"): [b"2 two"], ("c", "app"): [],
                 ("d", "app"): ClusterError("path", "not begun")})  # fmt: skip
    wanted = [(name, "app") for name in "abcd"]
    failed = ClusterLogLine(pod="d", container="app", text="not begun", failed=True)
    past = [line("1 one"), line("2 two", "b"), line("4 four"), failed]
    assert await lines(logs, *wanted, tail=9) == past
    assert [params.get("tailLines") for _, params in logs.asked] == ["9"] * 4
    logs.asked.clear()
    assert await lines(logs, *wanted, tail=9, follow=True) == past
    again = {path.split("/")[-2]: params for path, params in logs.asked[4:]}
    assert {pod: (params.get("sinceTime"), params.get("tailLines")) for pod, params in again.items()} == {
        "a": ("4", None), "b": ("2", None), "c": (None, "9"),
    }  # fmt: skip


async def test_a_log_that_is_refused_says_why_in_the_clusters_words() -> None:
    for error, told in ((ClusterError("path", "no such container"), "no such container"), (ClusterError("odd"), "odd")):
        (found,) = await lines(Logs({("a", "app"): error}), ("a", "app"))
        assert (found.failed, found.text.rstrip("."), found.pod) == (True, told, "a")


async def test_who_joins_is_read_from_the_beginning() -> None:
    async def joining() -> AsyncGenerator[tuple[str, str], None]:
        yield ("b", "app")

    logs = Logs({("a", "app"): [b"1 one"], ("b", "app"): [b"2 two"]})
    found = await lines(logs, ("a", "app"), tail=3, follow=True, joining=joining())
    assert sorted(each.text for each in found) == ["one", "two"]
    joined = next(params for path, params in logs.asked if "/b/" in path)
    assert joined == {"timestamps": "true", "container": "app", "follow": "true"}


POD = {
    "metadata": {"name": "a", "uid": "u"}, "spec": {"containers": [{"name": "app"}, {"name": "side"}]},
    "status": {"containerStatuses": [
        {"name": "app", "containerID": "c1", "state": {"running": {"startedAt": "t1"}}},
        {"name": "side", "state": {"terminated": {"startedAt": "t2"}}},
        {"name": "late", "state": {"waiting": {}}},
    ]},
}  # fmt: skip


def test_which_containers_have_something_to_say() -> None:
    assert sources(POD) == [("a", "app"), ("a", "side")]
    assert sources(POD, "side") == [("a", "side")]
    assert incarnations(POD) == {"u/app/c1": ("a", "app"), "u/side/t2": ("a", "side")}
    assert incarnations(POD, "side") == {"u/side/t2": ("a", "side")}
    assert incarnations({"metadata": {"name": "a"}}) == {}


@pytest.mark.parametrize(("kind", "expected"), [("put", [("a", "app")]), ("all", [("a", "app")]), ("gone", [])])
async def test_only_what_begins_joins(kind: Any, expected: list[tuple[str, str]]) -> None:
    async def changes() -> AsyncIterator[ClusterChange]:
        for _ in range(2):
            yield ClusterChange(kind=kind, objects=(POD,))

    assert [each async for each in newcomers(changes(), ["u/side/t2"], "")] == expected

"""Which containers are listed: what each filter lets through, and in which order."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from engine.errors import NotFound
from engine.types.containers import (
    Container,
    ContainerSpec,
    Exit,
    Health,
    HealthStatus,
    Mount,
    PortMapping,
    SizeOnDisk,
    State,
)
from engine.types.data import now
from engine.types.images import Image, ImageConfig
from engine.types.networks import Network, NetworkMember
from tests.fakes.world import make_image
from tests.unit.api.serving import filtered

if TYPE_CHECKING:
    from tests.unit.api.serving import Served

BASE = replace(make_image("docker.io/library/base:1"), layers=("l1", "l2"))
CHILD = replace(make_image("ghcr.io/acme/child:latest"), layers=("l1", "l2", "l3"))
COMMITTED = replace(make_image("localhost/committed:7"), layers=("other",), parent=CHILD.id)
PORTED = replace(
    make_image("docker.io/acme/ported:1"), layers=(), config=ImageConfig(exposed_ports=("9000/udp",), labels={"i": "1"})
)
SHOP = Network(id="5" * 64, name="shop", driver="bridge", created=now())
PASTA = Network(id="9" * 64, name="pasta", driver="pasta", created=now(), builtin=True)


def container(number: int, name: str, image: Image, **more: Any) -> Container:
    """The larger the number, the older."""
    spec = more.pop("spec", {})
    return Container(
        **{
            "id": f"{number}" * 64, "name": name, "image_id": image.id, "image": image.tags[0],
            "spec": ContainerSpec(image=image.tags[0], **spec), "command_line": ("serve",), "state": State.RUNNING,
            "created": now() - timedelta(hours=number), "started": now(), "pid": 4000 + number, **more,
        }
    )  # fmt: skip


ROWS = (
    container(1, "web", BASE, spec={"labels": {"tier": "front", "a": "1"}}, health=HealthStatus(status=Health.HEALTHY),
              ports=(PortMapping(container_port=80, host_port=8080), PortMapping(container_port=53, protocol="udp"))),
    container(2, "web-2", CHILD, spec={"labels": {"tier": "front"}, "exposed_ports": ("7000/tcp", "7100/tcp")},
              mounts=(Mount(kind="volume", target="/data", source="vol"),)),
    container(3, "job", COMMITTED, state=State.EXITED, exit=Exit(code=3, ended=now())),
    container(4, "again", PORTED, state=State.RESTARTING, exit=Exit(code=1, ended=now())),
    container(5, "leaving", PORTED, state=State.STOPPING),
    container(6, "still", PORTED, state=State.PAUSED, spec={"network": "none"}),
    container(7, "new", PORTED, state=State.CREATED, exit=None),
    container(8, "odd", PORTED, state=State.DEAD),
)  # fmt: skip
ALL = ["web", "web-2", "job", "again", "leaving", "still", "new", "odd"]
LIVING = ["web", "web-2", "again", "leaving", "still"]


@pytest.fixture
def rows(api: Served) -> Served:
    """Only those of the table are there."""
    store = api.engine.store
    for table in (store.containers, store.images, store.volumes, store.networks):
        table.clear()
    for image in (BASE, CHILD, COMMITTED, PORTED):
        store.put("image", image)
    for each in reversed(ROWS):
        store.put("container", each)
    member = NetworkMember(container_id=ROWS[0].id, name="web", ip_address="10.0.0.2")
    store.put("network", replace(SHOP, members=(member,)))
    store.put("network", PASTA)
    return api


async def names(api: Served, path: str) -> list[str]:
    return [row["Names"][0].removeprefix("/") for row in await api.get(path)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", LIVING),
        ("?all=1", ALL),
        ("?all=0", LIVING),
        ("?limit=2", ["web", "web-2"]),
        ("?limit=3", ["web", "web-2", "job"]),  # the last ones made, whatever has become of them
        ("?limit=0", LIVING),
        ("?limit=-1", LIVING),
        ("?limit=1", ["web"]),
    ],
)
async def test_the_newest_come_first_and_only_those_that_run_unless_asked(
    rows: Served, query: str, expected: list[str]
) -> None:
    assert await names(rows, f"/containers/json{query}") == expected


FILTERS = [
    ({"status": ["exited"]}, ["job"]),
    ({"status": ["created"]}, ["new"]),
    ({"status": ["running"]}, ["web", "web-2", "leaving"]),
    ({"status": ["paused", "dead"]}, ["still", "odd"]),
    ({"status": ["restarting"]}, ["again"]),
    ({"status": ["removing"]}, []),
    ({"exited": ["3"]}, ["job"]),
    ({"exited": ["1"]}, []),  # that one starts again
    ({"exited": ["0"]}, []),
    ({"exited": ["-1"]}, []),
    ({"id": ["1111"]}, ["web"]),
    ({"id": ["111", "222"]}, ["web", "web-2"]),
    ({"name": ["web"]}, ["web", "web-2"]),
    ({"name": ["^/web$"]}, ["web"]),
    ({"label": ["tier"]}, ["web", "web-2"]),
    ({"label": ["tier=front", "a=1"]}, ["web"]),
    ({"label": ["i=1"]}, ["again", "leaving", "still"]),  # of the image
    ({"health": ["healthy"]}, ["web"]),
    ({"health": ["none"], "name": ["web-2"]}, ["web-2"]),
    ({"health": ["starting"]}, []),
    ({"ancestor": ["base:1"]}, ["web", "web-2"]),  # and what was made on it
    ({"ancestor": ["base"]}, []),
    ({"ancestor": ["ghcr.io/acme/child"]}, ["web-2"]),
    ({"ancestor": [CHILD.id]}, ["web-2"]),
    ({"ancestor": [CHILD.id[7:19]]}, ["web-2"]),
    ({"ancestor": [CHILD.id[7:10]]}, []),
    ({"ancestor": [CHILD.id[7:11]]}, ["web-2"]),
    ({"ancestor": [CHILD.digests[0]]}, ["web-2"]),
    ({"ancestor": ["acme/ported:1"]}, ["again", "leaving", "still"]),
    ({"ancestor": ["docker.io/acme/ported:1"]}, ["again", "leaving", "still"]),
    ({"ancestor": ["nosuch"]}, []),
    ({"volume": ["vol"]}, ["web-2"]),
    ({"volume": ["/data"]}, ["web-2"]),
    ({"volume": ["/dat"]}, []),
    ({"network": ["shop"]}, ["web"]),
    ({"network": ["555"]}, ["web"]),
    ({"network": ["999"]}, ["web", "web-2", "again", "leaving"]),
    ({"network": ["none"]}, ["still"]),
    ({"network": ["bridge"]}, ["web", "web-2", "again", "leaving"]),
    ({"network": ["nosuch", "shop"]}, ["web"]),
    ({"network": [""]}, []),
    ({"publish": ["8080"]}, ["web"]),
    ({"publish": ["80"]}, ["web"]),
    ({"publish": ["80/tcp"]}, ["web"]),
    ({"publish": ["80/udp"]}, []),
    ({"publish": ["53/udp"]}, ["web"]),
    ({"publish": ["8000-8080"]}, ["web"]),
    ({"publish": ["8081-9000"]}, []),
    ({"publish": ["1", "8080"]}, ["web"]),
    ({"publish": ["7000"]}, []),
    ({"expose": ["7000"]}, ["web-2"]),
    ({"expose": ["7001-7100/tcp"]}, ["web-2"]),
    ({"expose": ["80"]}, ["web"]),
    ({"expose": ["8080"]}, []),
    ({"expose": ["9000/udp"]}, ["again", "leaving", "still"]),
    ({"is-task": ["false"]}, LIVING),
    ({"is-task": ["true"]}, []),
    ({"isolation": ["default"]}, LIVING),
]


async def test_each_filter_lets_through_what_it_says(rows: Served) -> None:
    for filters, expected in FILTERS:
        assert await names(rows, filtered("/containers/json", **filters)) == expected, filters


async def test_what_was_committed_from_a_container_counts_as_made_from_its_image(rows: Served) -> None:
    assert await names(rows, filtered("/containers/json?all=1", ancestor=["ghcr.io/acme/child"])) == ["web-2", "job"]
    assert await names(rows, filtered("/containers/json?all=1", ancestor=["committed:7"])) == []
    assert await names(rows, filtered("/containers/json?all=1", ancestor=["localhost/committed:7"])) == ["job"]


async def test_one_whose_image_was_removed_is_still_found_by_its_name(rows: Served) -> None:
    del rows.engine.store.images[CHILD.id]
    for name in ("ghcr.io/acme/child", CHILD.id):
        assert await names(rows, filtered("/containers/json", ancestor=[name])) == ["web-2"]


async def test_the_list_is_cut_at_the_containers_that_are_named(rows: Served) -> None:
    for pivot in ("job", "/job", "3333"):
        assert await names(rows, filtered("/containers/json?all=1", before=[pivot])) == ALL[3:]
        assert await names(rows, filtered("/containers/json?all=1", since=[pivot])) == ALL[:2]
    both = filtered("/containers/json?all=1", since=["new"], before=["web-2"])
    assert await names(rows, both) == ["job", "again", "leaving", "still"]
    for name in ("nosuch", ""):
        reply = await rows.ask("GET", filtered("/containers/json", since=[name]))
        assert (reply.status, reply.message) == (404, f"No such container: {name}")


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"status": ["asleep"]}, "invalid filter 'status=asleep': invalid value for state (asleep): must be one of "
                                 "created, running, paused, restarting, removing, exited, dead"),
        ({"health": ["fine"]}, "invalid filter 'health=fine': invalid value for health (fine): must be one of "
                               "none, starting, healthy, unhealthy"),
        ({"exited": ["soon"]}, "invalid filter 'exited=soon'"),
        ({"exited": ["12345"]}, "invalid filter 'exited=12345'"),
        ({"publish": ["http"]}, "invalid port filter 'http'"),
        ({"publish": ["80-x"]}, "invalid port filter '80-x'"),
        ({"publish": ["x-80"]}, "invalid port filter 'x-80'"),
        ({"expose": ["100000-20000"]}, "invalid port filter '100000-20000'"),
        ({"is-task": ["perhaps"]}, "invalid filter 'is-task=[perhaps]'"),
    ],
)  # fmt: skip
async def test_a_filter_that_means_nothing_is_refused(rows: Served, filters: dict[str, list[str]], words: str) -> None:
    reply = await rows.ask("GET", filtered("/containers/json?all=1", **filters))
    assert (reply.status, reply.message) == (400, words)


async def test_rows_have_sizes_where_they_are_asked_for(rows: Served) -> None:
    measured = rows.hear("containers.size", SizeOnDisk(writable=5, total=50))
    assert not any("SizeRw" in row for row in await rows.get("/containers/json"))
    assert measured == []
    sized = await rows.get("/containers/json?size=1&limit=2")
    assert [(row["SizeRw"], row["SizeRootFs"]) for row in sized] == [(5, 50)] * 2
    assert [each["container"] for each in measured] == [ROWS[0].id, ROWS[1].id]
    rows.hear("containers.size", NotFound("It has just gone"))
    assert [row["Names"] for row in await rows.get("/containers/json?size=1&limit=1")] == [["/web"]]


async def test_a_row_tells_where_its_volume_lies_and_on_which_networks_it_is(rows: Served) -> None:
    await rows.ask("POST", "/volumes/create", {"Name": "vol"})
    web, second = await rows.get("/containers/json?limit=2")
    assert web["NetworkSettings"]["Networks"]["shop"]["NetworkID"] == SHOP.id
    assert second["Mounts"][0]["Source"] == "/volumes/vol"
    assert second["Labels"] == {"tier": "front"}


async def test_volumes_are_not_looked_for_where_nobody_has_one(rows: Served) -> None:
    asked = rows.hear("volumes.list")
    await rows.get("/containers/json?limit=1")
    assert asked == []
    await rows.get("/containers/json?limit=2")
    assert len(asked) == 1


async def test_an_inspection_tells_all_that_is_beside_the_container(rows: Served) -> None:
    await rows.ask("POST", "/volumes/create", {"Name": "vol"})
    whole = await rows.get("/containers/web-2/json")
    assert whole["Mounts"][0]["Source"] == "/volumes/vol"
    assert "SizeRw" not in whole
    assert whole["ExecIDs"] is None
    assert "bridge" in whole["NetworkSettings"]["Networks"]
    assert (await rows.get("/containers/web/json"))["NetworkSettings"]["Networks"]["shop"]["IPAddress"] == "10.0.0.2"
    assert (await rows.get("/containers/again/json"))["Config"]["Labels"] == {"i": "1"}
    rows.engine.store.images.clear()
    assert (await rows.get("/containers/again/json"))["Config"]["Labels"] == {}
    assert "OnBuild" in (await rows.get("/v1.51/containers/web/json"))["Config"]
    assert "OnBuild" not in (await rows.get("/v1.52/containers/web/json"))["Config"]

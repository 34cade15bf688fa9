"""Volumes and networks: which are listed, and what each request about one asks the engine for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from engine.errors import Code, Conflict, NotFound
from engine.types.data import Freed, LabelRule, now
from engine.types.networks import CreateNetwork, Network, NetworkMember
from engine.types.volumes import CreateVolume, Volume
from tests.fakes.store import fake_digest
from tests.unit.api.serving import filtered

if TYPE_CHECKING:
    from tests.unit.api.serving import Served

WEB = fake_digest("shop-web-1")[7:]
VOLUMES = (
    Volume(name="data", created=now(), mountpoint="/v/data", labels={"a": "1"}, used_by=(WEB,)),
    Volume(name="data-old", created=now(), mountpoint="/v/old", labels={"a": "1", "b": "2"}),
    Volume(name="cache", created=now(), mountpoint="/v/cache"),
)
MEMBER = NetworkMember(container_id=WEB, name="shop-web-1", ip_address="10.0.0.2")
NETWORKS = (
    Network(id="1" * 64, name="pasta", driver="pasta", created=now(), builtin=True),
    Network(id="2" * 64, name="none", driver="null", created=now(), builtin=True),
    Network(id="3" * 64, name="shop", driver="bridge", created=now(), labels={"a": "1"}, members=(MEMBER,)),
    Network(id="334" + "a" * 61, name="idle", driver="bridge", created=now(), labels={"a": "2"}),
)


@pytest.fixture
def stores(api: Served) -> Served:
    """Only the volumes and networks of the tables are there."""
    store = api.engine.store
    store.volumes.clear()
    store.networks.clear()
    for volume in VOLUMES:
        store.put("volume", volume)
    for network in NETWORKS:
        store.put("network", network)
    return api


# --- volumes ---


OF_VOLUMES = [
    ({}, ["data", "data-old", "cache"]),
    ({"dangling": ["true"]}, ["data-old", "cache"]),
    ({"dangling": ["false"]}, ["data"]),
    ({"driver": ["local"]}, ["data", "data-old", "cache"]),
    ({"driver": ["nfs"]}, []),
    ({"label": ["a"]}, ["data", "data-old"]),
    ({"label": ["a=1", "b=2"]}, ["data-old"]),
    ({"name": ["ata-"]}, ["data-old"]),
    ({"name": ["cach", "old"]}, ["data-old", "cache"]),
    ({"name": ["nosuch"]}, []),
]


async def test_each_filter_of_volumes_lets_through_what_it_says(stores: Served) -> None:
    for filters, expected in OF_VOLUMES:
        found = await stores.get(filtered("/volumes", **filters))
        assert ([each["Name"] for each in found["Volumes"]], found["Warnings"]) == (expected, None)
        assert "UsageData" not in str(found)


async def test_a_volume_is_made_as_asked_and_given_back_where_it_is_there(stores: Served) -> None:
    heard = stores.hear("volumes.create")
    body = {"Name": "new", "Driver": "local", "Labels": {"x": "y"}, "DriverOpts": {"type": "tmpfs"}}
    reply = await stores.ask("POST", "/volumes/create", body)
    assert (reply.status, reply.json()["Name"], reply.json()["Options"]) == (201, "new", {"type": "tmpfs"})
    assert heard == [{"request": CreateVolume(name="new", labels={"x": "y"}, options={"type": "tmpfs"})}]
    reply = await stores.ask("POST", "/volumes/create", {"Name": "data"})
    assert (reply.status, reply.json()["Labels"], len(heard)) == (201, {"a": "1"}, 1)
    reply = await stores.ask("POST", "/volumes/create", {})
    assert (reply.status, len(reply.json()["Name"])) == (201, 64)
    assert heard[1] == {"request": CreateVolume()}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"Driver": "nfs"}, "the volume driver 'nfs' is not supported by Wherry: there is one driver, local"),
        ({"ClusterVolumeSpec": {}}, "ClusterVolumeSpec is not supported by Wherry: there is no swarm"),
    ],
)
async def test_a_volume_that_cannot_be_is_refused(stores: Served, body: dict[str, Any], words: str) -> None:
    reply = await stores.ask("POST", "/volumes/create", body)
    assert (reply.status, reply.message) == (501, words)


async def test_a_volume_that_is_gone_is_no_error_for_who_forces(stores: Served) -> None:
    heard = stores.hear("volumes.remove")
    assert (await stores.ask("DELETE", "/volumes/cache")).status == 204
    reply = await stores.ask("DELETE", "/volumes/nosuch")
    assert (reply.status, reply.message) == (404, "get nosuch: no such volume")
    reply = await stores.ask("GET", "/volumes/nosuch")
    assert (reply.status, reply.message) == (404, "get nosuch: no such volume")
    assert (await stores.ask("DELETE", "/volumes/nosuch?force=1")).status == 204
    assert (await stores.ask("DELETE", "/volumes/data?force=1")).status == 409
    assert heard == [
        {"name": "cache", "force": False},
        {"name": "nosuch", "force": False},
        {"name": "nosuch", "force": True},
        {"name": "data", "force": True},
    ]
    stores.hear("volumes.remove", NotFound("There is no such volume"))
    assert (await stores.ask("DELETE", "/volumes/x?force=1")).status == 204
    assert (await stores.ask("DELETE", "/volumes/x")).status == 404


@pytest.mark.parametrize(
    ("version", "filters", "everything"),
    [
        ("/v1.42", {}, False),
        ("/v1.42", {"all": ["true"]}, True),
        ("/v1.42", {"all": ["false"]}, False),
        ("/v1.41", {}, True),
    ],
)
async def test_a_prune_leaves_named_volumes_but_where_asked_and_for_older_clients(
    stores: Served, version: str, filters: dict[str, list[str]], everything: bool
) -> None:
    heard = stores.hear("volumes.prune", Freed(ids=("a",), bytes=5))
    path = filtered(f"{version}/volumes/prune", **filters, **{"label": ["x"], "label!": ["y=1"]})
    reply = await stores.ask("POST", path)
    assert reply.json() == {"VolumesDeleted": ["a"], "SpaceReclaimed": 5}
    assert heard == [{"all_unused": everything, "labels": LabelRule(wanted={"x": ""}, unwanted={"y": "1"})}]
    stores.hear("volumes.prune", Freed())
    assert (await stores.ask("POST", "/volumes/prune")).json() == {"VolumesDeleted": None, "SpaceReclaimed": 0}


# --- networks ---

ALL = ["bridge", "none", "shop", "idle"]


OF_NETWORKS = [
    ({}, ALL),
    ({"name": ["bridge"]}, ["bridge"]),  # as Docker's clients know it
    ({"name": ["pasta"]}, []),
    ({"id": ["33"]}, ["shop", "idle"]),
    ({"id": ["333"]}, ["shop"]),
    ({"driver": ["bridge"]}, ["bridge", "shop", "idle"]),
    ({"driver": ["null"]}, ["none"]),
    ({"scope": ["local"]}, ALL),
    ({"scope": ["swarm"]}, []),
    ({"label": ["a"]}, ["shop", "idle"]),
    ({"label": ["a=1"]}, ["shop"]),
    ({"type": ["custom"]}, ["shop", "idle"]),
    ({"type": ["builtin"]}, ["bridge", "none"]),
    ({"type": ["builtin", "custom"]}, ALL),
    ({"dangling": ["true"]}, ["idle"]),
    ({"dangling": ["false"]}, ["bridge", "none", "shop"]),
]


async def test_each_filter_of_networks_lets_through_what_it_says(stores: Served) -> None:
    for filters, expected in OF_NETWORKS:
        found = await stores.get(filtered("/networks", **filters))
        assert [each["Name"] for each in found] == expected
        assert all(each["Containers"] == {} for each in found)


async def test_a_kind_of_network_that_is_none_is_refused(stores: Served) -> None:
    reply = await stores.ask("GET", filtered("/networks", type=["odd"]))
    assert (reply.status, reply.message) == (400, "invalid filter: 'type'='odd'")


async def test_a_network_is_looked_into_by_the_name_that_clients_know(stores: Served) -> None:
    assert (await stores.get("/networks/bridge"))["Id"] == "1" * 64
    assert (await stores.get("/networks/shop?scope=local"))["Containers"][WEB]["IPv4Address"] == "10.0.0.2"
    for path in ("/networks/shop?scope=swarm", "/networks/nosuch"):
        reply = await stores.ask("GET", path)
        name = path.removeprefix("/networks/").partition("?")[0]
        assert (reply.status, reply.message) == (404, f"network {name} not found")
    assert "Status" not in await stores.get("/v1.51/networks/shop")


async def test_a_network_is_made_as_asked(stores: Served) -> None:
    made = replace(NETWORKS[3], id="7" * 64)
    heard = stores.hear("networks.create", made)
    body = {
        "Name": "n",
        "Labels": {"x": "y"},
        "Internal": True,
        "EnableIPv6": True,
        "Options": {"mtu": "1400", "com.docker.network.driver.mtu": "1", "com.docker.network.bridge.enable_icc": "0"},
        "IPAM": {
            "Driver": "default",
            "Config": [
                {
                    "Subnet": "10.7.0.0/16",
                    "Gateway": "10.7.0.1",
                    "IPRange": "10.7.1.0/24",
                    "AuxiliaryAddresses": {"r": "10.7.0.9"},
                },
                {"Subnet": "fd00::/64"},
            ],
        },
    }
    reply = await stores.ask("POST", "/networks/create", body)
    assert (reply.status, reply.json()) == (201, {"Id": "7" * 64, "Warning": ""})
    assert heard[0]["request"] == CreateNetwork(
        name="n",
        labels={"x": "y"},
        internal=True,
        subnet="10.7.0.0/16",
        gateway="10.7.0.1",
        ip_range="10.7.1.0/24",
        reserved={"r": "10.7.0.9"},
        ipv6=True,
        subnet6="fd00::/64",
        options=body["Options"],
    )
    await stores.ask("POST", "/networks/create", {"Name": "x" * 255, "Driver": "macvlan"})
    assert heard[1]["request"] == CreateNetwork(name="x" * 255, driver="macvlan")


async def test_who_makes_a_network_is_told_what_has_no_effect_and_what_is_hidden(stores: Served) -> None:
    stores.hear("networks.create", replace(NETWORKS[3], id="7" * 64, hides=("10.0.0.0/8", "192.168.0.0/16")))
    reply = await stores.ask("POST", "/networks/create", {"Name": "n", "Options": {"z": "1", "a": "2", "mtu": "3"}})
    assert reply.json()["Warning"] == (
        "These options change nothing here: a, z. "
        "Members will not reach these networks of the host: 10.0.0.0/8, 192.168.0.0/16."
    )


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "invalid name: a network's name has between 1 and 255 characters"),
        ({"Name": "x" * 256}, 400, "invalid name: a network's name has between 1 and 255 characters"),
        ({"Name": "a\0b"}, 400, "invalid name: a network's name has between 1 and 255 characters"),
        ({"Name": "host"}, 403, "operation is not permitted on predefined host network"),
        ({"Name": "default"}, 403, "operation is not permitted on predefined default network"),
        ({"Name": "bridge"}, 403, "operation is not permitted on predefined bridge network"),
        ({"Name": "none"}, 403, "operation is not permitted on predefined none network"),
        ({"Name": "n", "Ingress": True}, 501, "Ingress is not supported by Wherry: there is no swarm"),
        ({"Name": "n", "ConfigOnly": True}, 501, "ConfigOnly is not supported by Wherry: there is no swarm"),
        ({"Name": "n", "ConfigFrom": {"Network": "x"}}, 501,
         "ConfigFrom is not supported by Wherry: there is no swarm"),
        ({"Name": "n", "Scope": "swarm"}, 501, "Scope is not supported by Wherry: networks are local"),
        ({"Name": "n", "EnableIPv4": False}, 501,
         "EnableIPv4=false is not supported by Wherry: networks have IPv4 addresses"),
        ({"Name": "n", "IPAM": {"Driver": "x"}}, 501, "IPAM.Driver is not supported by Wherry: there is one, default"),
    ],
)  # fmt: skip
async def test_a_network_that_cannot_be_is_refused(
    stores: Served, body: dict[str, Any], status: int, words: str
) -> None:
    heard = stores.hear("networks.create")
    reply = await stores.ask("POST", "/networks/create", body)
    assert (reply.status, reply.message, heard) == (status, words, [])


@pytest.mark.parametrize(
    "body",
    [
        {"ConfigFrom": {"Network": ""}},
        {"Scope": "local"},
        {"Scope": ""},
        {"EnableIPv4": True},
        {"IPAM": {"Driver": ""}},
        {"IPAM": {}},
        {"Driver": ""},
    ],
)
async def test_what_a_client_says_without_meaning_it_stands_in_nobodys_way(
    stores: Served, body: dict[str, Any]
) -> None:
    heard = stores.hear("networks.create")
    reply = await stores.ask("POST", "/networks/create", {"Name": "n", **body})
    assert reply.status == 201, reply.body
    assert heard == [{"request": CreateNetwork(name="n")}]


async def test_a_network_is_removed_by_its_id_and_why_it_is_not_is_said_as_docker_says_it(stores: Served) -> None:
    heard = stores.hear("networks.remove")
    assert (await stores.ask("DELETE", "/networks/idle")).status == 204
    assert heard == [{"network": "334" + "a" * 61}]
    reply = await stores.ask("DELETE", "/networks/bridge")
    assert (reply.status, reply.message) == (403, "bridge is a pre-defined network and cannot be removed")
    reply = await stores.ask("DELETE", "/networks/nosuch")
    assert (reply.status, reply.message) == (404, "network nosuch not found")
    assert len(heard) == 1
    assert (await stores.ask("DELETE", "/networks/shop")).status == 403  # in use
    stores.hear("networks.remove", Conflict("It is being made", code=Code.WRONG_STATE))
    assert (await stores.ask("DELETE", "/networks/shop")).status == 409


async def test_a_prune_of_networks_is_bounded_by_its_filters(stores: Served) -> None:
    heard = stores.hear("networks.prune", Freed(ids=("idle",)))
    path = filtered("/networks/prune", until=["3"], **{"label": ["x"], "label!": ["y"]})
    assert (await stores.ask("POST", path)).json() == {"NetworksDeleted": ["idle"]}
    assert heard == [{"until_ns": 3_000_000_000, "labels": LabelRule(wanted={"x": ""}, unwanted={"y": ""})}]
    stores.hear("networks.prune", Freed())
    assert (await stores.ask("POST", "/networks/prune")).json() == {"NetworksDeleted": None}


async def test_a_container_joins_and_leaves_a_network_as_asked(stores: Served) -> None:
    joined, left = stores.hear("networks.connect"), stores.hear("networks.disconnect")
    body = {
        "Container": "shop-db-1",
        "EndpointConfig": {"Aliases": ["db"], "IPAMConfig": {"IPv4Address": "10.0.0.9"}},
    }
    assert (await stores.ask("POST", "/networks/idle/connect", body)).status == 200
    database = fake_digest("shop-db-1")[7:]
    [asked] = joined
    assert (asked["network"], asked["container"]) == ("334" + "a" * 61, database)
    assert (asked["asked"].aliases, asked["asked"].ip) == (("db",), "10.0.0.9")
    assert (await stores.ask("POST", "/networks/idle/connect", {"Container": "grafana"})).status == 200
    assert joined[1]["asked"].aliases == ()
    for force in (True, False):
        body = {"Container": "shop-db-1", "Force": force}
        await stores.ask("POST", "/networks/idle/disconnect", body)
    assert [(each["network"], each["container"], each["force"]) for each in left] == [
        ("334" + "a" * 61, database, True),
        ("334" + "a" * 61, database, False),
    ]


@pytest.mark.parametrize("verb", ["connect", "disconnect"])
@pytest.mark.parametrize(
    ("network", "container", "status", "words"),
    [
        ("idle", "", 400, 'invalid name or ID supplied: ""'),
        ("idle", "nosuch", 404, "No such container: nosuch"),
        ("nosuch", "grafana", 404, "network nosuch not found"),
    ],
)
async def test_what_cannot_join_or_leave_is_refused(
    stores: Served, verb: str, network: str, container: str, status: int, words: str
) -> None:
    reply = await stores.ask("POST", f"/networks/{network}/{verb}", {"Container": container})
    assert (reply.status, reply.message) == (status, words)

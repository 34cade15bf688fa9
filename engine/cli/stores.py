"""The groups `volume` and `network`."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from engine.cli.inspecting import inspect_kinds
from engine.cli.options import Command, Given, UsageError, filters
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Failed, quote
from engine.recipe.networks import EGRESS_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIST = """
-f --filter list  Provide filter values
--format text     'table', 'table TEMPLATE', 'json' or a Go template
-q --quiet flag   Only display names or IDs
"""


def _label_text(labels: Mapping[str, str] | None) -> str:
    return ",".join(f"{key}={value}" for key, value in (labels or {}).items())


def _pairs(texts: list[str]) -> dict[str, str]:
    return dict(text.partition("=")[::2] for text in texts)


def _remove_each(given: Given, path: str, values: dict[str, object] | None = None) -> int:
    client, failed = engine(), False
    for name in given.arguments:
        try:
            client.delete(f"{path}/{quote(name)}", values)
            say(name, flush=True)
        except Failed as error:
            say(f"Error: {error.message}", file=sys.stderr)
            failed = True
    return 1 if failed else 0


# --- volumes ---


def volume_ls(given: Given) -> int:
    from engine.cli.printed.tables import show

    found = engine().get("/volumes", {"filters": filters(given)})["Volumes"] or []
    rows = [
        {
            "Driver": each["Driver"],
            "Name": each["Name"],
            "Mountpoint": each["Mountpoint"],
            "Scope": each["Scope"],
            "Labels": _label_text(each["Labels"]),
            "Links": "N/A",
            "Size": "N/A",
        }
        for each in sorted(found, key=lambda each: each["Name"])
    ]
    columns = [("DRIVER", "Driver"), ("VOLUME NAME", "Name")]
    quiet = (lambda row: str(row["Name"])) if given.flag("quiet") else None
    show(rows, given.text("format"), columns=columns, quiet=quiet)
    return 0


def volume_create(given: Given) -> int:
    if given.arguments and given.text("name"):
        raise UsageError("conflicting options: either specify --name or provide positional arg, not both")
    body = {
        "Name": given.arguments[0] if given.arguments else given.text("name"),
        "Driver": given.text("driver", "local"),
        "DriverOpts": _pairs(given.list("opt")),
        "Labels": _pairs(given.list("label")),
    }
    say(engine().post("/volumes/create", body=body)["Name"])
    return 0


def volume_inspect(given: Given) -> int:
    return inspect_kinds(given, ("volume",))


def volume_rm(given: Given) -> int:
    return _remove_each(given, "/volumes", {"force": given.flag("force")})


def volume_prune(given: Given) -> int:
    import json

    from engine.cli.printed.asking import confirmed
    from engine.cli.printed.words import size

    everything = given.flag("all")
    what = "all local volumes" if everything else "anonymous local volumes"
    if not given.flag("force") and not confirmed(
        f"WARNING! This will remove {what} not used by at least one container."
    ):
        return 0
    chosen = json.loads(filters(given) or "{}")
    if everything:
        chosen["all"] = {"true": True}
    answer = engine().post("/volumes/prune", {"filters": json.dumps(chosen) if chosen else ""})
    if answer["VolumesDeleted"]:
        say("Deleted Volumes:", *answer["VolumesDeleted"], sep="\n", end="\n\n")
    say(f"Total reclaimed space: {size(answer['SpaceReclaimed'], digits=4)}")
    return 0


# --- networks ---


def network_ls(given: Given) -> int:
    from engine.cli.printed.tables import show

    whole = given.flag("no-trunc")
    rows = [
        {
            "ID": each["Id"] if whole else each["Id"][:12],
            "Name": each["Name"],
            "Driver": each["Driver"],
            "Scope": each["Scope"],
            "Internal": str(each["Internal"]).lower(),
            "IPv6": str(each["EnableIPv6"]).lower(),
            "IPv4": str(each.get("EnableIPv4", True)).lower(),
            "Labels": _label_text(each["Labels"]),
            "CreatedAt": each["Created"],
        }
        for each in sorted(engine().get("/networks", {"filters": filters(given)}), key=lambda each: each["Name"])
    ]
    columns = [("NETWORK ID", "ID"), ("NAME", "Name"), ("DRIVER", "Driver"), ("SCOPE", "Scope")]
    quiet = (lambda row: str(row["ID"])) if given.flag("quiet") else None
    show(rows, given.text("format"), columns=columns, quiet=quiet)
    return 0


_NETWORK_CREATE = """
--attachable flag    Enable manual container attachment
-d --driver text     Driver to manage the Network (default "bridge")
--aux-address list   Addresses that are never given to a container (name=address)
--egress list        Reach only these names and networks outside (example.org,*.debian.org,10.0.0.0/8), or 'none'
--gateway list       Gateway for a subnet
--internal flag      Restrict external access to the network
--ip-range list      Choose containers' addresses from a part of a subnet
--ipam-driver text   IP Address Management Driver (default "default")
--ipv6 flag          Enable IPv6 networking
--label list         Set metadata on a network
-o --opt list        Set driver specific options
--subnet list        Subnet in CIDR format that represents a network segment: one of IPv4, one of IPv6
"""


def network_create(given: Given) -> int:
    body: dict[str, Any] = {
        "Name": given.arguments[0],
        "Driver": given.text("driver", "bridge"),
        "Internal": given.flag("internal"),
        "EnableIPv6": given.flag("ipv6"),
        "Options": _pairs(given.list("opt")),
        "Labels": _pairs(given.list("label")),
    }
    if given.list("egress"):
        body["Labels"][EGRESS_LABEL] = ",".join(given.list("egress"))
    if configs := _subnets(given):
        body["IPAM"] = {"Driver": given.text("ipam-driver", "default"), "Config": configs}
    answer = engine().post("/networks/create", body=body)
    if answer.get("Warning"):
        say(f"WARNING: {answer['Warning']}", file=sys.stderr)
    say(answer["Id"])
    return 0


def _subnets(given: Given) -> list[dict[str, Any]]:
    """Each subnet with what lies in it, as the engine wants them together."""
    import ipaddress

    configs: list[dict[str, Any]] = [{"Subnet": text} for text in given.list("subnet")]

    def place(address: str) -> dict[str, Any]:
        for config in configs:
            with contextlib.suppress(ValueError):
                subnet = ipaddress.ip_network(config["Subnet"], strict=False)
                if ipaddress.ip_address(address.partition("/")[0]) in subnet:
                    return config
        raise UsageError(f"no matching subnet for {address}")

    for key, option in (("IPRange", "ip-range"), ("Gateway", "gateway")):
        for text in given.list(option):
            place(text)[key] = text
    for pair in given.list("aux-address"):
        name, _, address = pair.partition("=")
        place(address).setdefault("AuxiliaryAddresses", {})[name] = address
    return configs


def network_inspect(given: Given) -> int:
    return inspect_kinds(given, ("network",))


def network_rm(given: Given) -> int:
    return _remove_each(given, "/networks")


def network_prune(given: Given) -> int:
    from engine.cli.printed.asking import confirmed

    warning = "WARNING! This will remove all custom networks not used by at least one container."
    if not given.flag("force") and not confirmed(warning):
        return 0
    answer = engine().post("/networks/prune", {"filters": filters(given)})
    if answer["NetworksDeleted"]:
        say("Deleted Networks:", *answer["NetworksDeleted"], sep="\n")
    return 0


def network_connect(given: Given) -> int:
    network, container = given.arguments
    fixed = (("IPv4Address", given.text("ip")), ("IPv6Address", given.text("ip6")))
    endpoint = {
        "Aliases": given.list("alias"),
        "Links": given.list("link"),
        "IPAMConfig": {key: value for key, value in fixed if value},
        "MacAddress": given.text("mac-address"),
    }
    body = {"Container": container, "EndpointConfig": endpoint}
    engine().post(f"/networks/{quote(network)}/connect", body=body)
    return 0


def network_disconnect(given: Given) -> int:
    network, container = given.arguments
    body = {"Container": container, "Force": given.flag("force")}
    engine().post(f"/networks/{quote(network)}/disconnect", body=body)
    return 0


_INSPECT = "-f --format text Format output using a custom template, or 'json'"
_FORCE = "-f --force flag Do not prompt for confirmation"

COMMANDS = {
    "volume ls": Command(volume_ls, "[OPTIONS]", "List volumes", _LIST, most=0),
    "volume create": Command(
        volume_create,
        "[OPTIONS] [VOLUME]",
        "Create a volume",
        "-d --driver text Specify volume driver name\n--label list Set metadata for a volume\n"
        "--name text Specify volume name\n-o --opt list Set driver specific options",
        most=1,
    ),
    "volume inspect": Command(
        volume_inspect, "[OPTIONS] VOLUME [VOLUME...]", "Show everything about volumes", _INSPECT, least=1
    ),
    "volume rm": Command(
        volume_rm,
        "[OPTIONS] VOLUME [VOLUME...]",
        "Remove volumes",
        "-f --force flag Do not fail where a volume is not there",
        least=1,
    ),
    "volume prune": Command(
        volume_prune,
        "[OPTIONS]",
        "Remove unused volumes",
        f"-a --all flag Remove named volumes too\n--filter list Provide filter values\n{_FORCE}",
        most=0,
    ),
    "network ls": Command(
        network_ls, "[OPTIONS]", "List networks", f"{_LIST}\n--no-trunc flag Do not truncate the output", most=0
    ),
    "network create": Command(
        network_create, "[OPTIONS] NETWORK", "Create a network", _NETWORK_CREATE, least=1, most=1
    ),
    "network inspect": Command(
        network_inspect, "[OPTIONS] NETWORK [NETWORK...]", "Show everything about networks", _INSPECT, least=1
    ),
    "network rm": Command(
        network_rm, "NETWORK [NETWORK...]", "Remove networks", "-f --force flag Accepted for Docker's sake", least=1
    ),
    "network prune": Command(
        network_prune, "[OPTIONS]", "Remove unused networks", f"--filter list Provide filter values\n{_FORCE}", most=0
    ),
    "network connect": Command(
        network_connect,
        "[OPTIONS] NETWORK CONTAINER",
        "Connect a container to a network",
        "--alias list Add network-scoped alias for the container\n--ip text IPv4 address (e.g., 172.30.100.104)\n"
        "--ip6 text IPv6 address (e.g., 2001:db8::33)\n--link list Add link to another container\n"
        "--mac-address text Container MAC address",
        least=2,
        most=2,
    ),
    "network disconnect": Command(
        network_disconnect,
        "[OPTIONS] NETWORK CONTAINER",
        "Disconnect a container from a network",
        "-f --force flag Force the container to disconnect from a network",
        least=2,
        most=2,
    ),
}

"""Verbs about the engine: version, info, events, system df and prune, context."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from engine.cli.containers.lives import container_row
from engine.cli.options import Command, Given, filters
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine, running_engine
from engine.cli.reach.socket_place import socket_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.cli.reach.wire import Client

_FORMAT = "-f --format text 'json' or a Go template"


def version(given: Given) -> int:
    from engine.version import own_version

    client = running_engine()
    server = client.get("/version") if client is not None else None
    whole = {"Client": {"Version": own_version(), "ApiVersion": "1.50"}, "Server": server}
    if given.text("format"):
        _formatted(whole, given.text("format"))
        return 0
    say(f"Client:\n Version:        {own_version()}\n API version:    1.50")
    if server is None:
        say("\nNo engine runs. The next command that needs one starts it.")
        return 0
    say(f"\nEngine: {server['Platform']['Name']}\n Version:        {server['Version']}")
    say(f" API version:    {server['ApiVersion']} (minimum version {server['MinAPIVersion']})")
    say(f" OS/Arch:        {server['Os']}/{server['Arch']}\n Kernel:         {server['KernelVersion']}")
    for component in server["Components"][1:]:
        say(f" {component['Name'] + ':':15} {component['Version']}")
    return 0


def _formatted(value: Any, form: str) -> None:
    import json

    from engine.cli.printed.tables import unescaped

    if form == "json":
        say(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        return
    from engine.cli.printed.templates import Template

    say(Template(unescaped(form)).render(value))


def info(given: Given) -> int:
    from engine.cli.printed.words import memory

    client = engine()
    facts = client.get("/info")
    if given.text("format"):
        _formatted(facts, given.text("format"))
        return 0
    owner = client.get("/wherry/owner") if client.is_own else None
    lines = [
        ("Containers", facts["Containers"]),
        (" Running", facts["ContainersRunning"]),
        (" Paused", facts["ContainersPaused"]),
        (" Stopped", facts["ContainersStopped"]),
        ("Images", facts["Images"]),
        ("Engine version", facts["ServerVersion"]),
        *_owner_lines(client, owner),
        ("Storage driver", facts["Driver"]),
        *((f" {name}", value) for name, value in facts["DriverStatus"] or ()),
        ("Store", facts["DockerRootDir"]),
        ("Cgroup version", facts["CgroupVersion"]),
        ("Runtime", facts["DefaultRuntime"]),
        ("Security options", ", ".join(facts["SecurityOptions"])),
        ("Kernel version", facts["KernelVersion"]),
        ("Operating system", facts["OperatingSystem"]),
        ("Architecture", facts["Architecture"]),
        ("CPUs", facts["NCPU"]),
        ("Total memory", memory(facts["MemTotal"])),
        ("Name", facts["Name"]),
    ]
    for name, value in lines:
        say(f"{name}: {value}")
    for warning in facts["Warnings"] or ():
        say(f"WARNING: {warning}", file=sys.stderr)
    return 0


def _owner_lines(client: Client, owner: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if owner is None:
        return [("Machine", client.path)]
    holder = "wherry serve" if owner["headless"] else "the window"
    return [("Owner", f"{holder} (pid {owner['pid']})"), ("Socket", owner["socket"])]


_EVENTS = """
-f --filter list  Filter output based on conditions provided
--format text     'json' or a Go template
--since text      Show all events created since timestamp
--until text      Stream events until this timestamp
"""


def events(given: Given) -> int:
    asked = {"since": given.text("since"), "until": given.text("until"), "filters": filters(given)}
    form = given.text("format")
    template = None
    if form and form not in ("json", "{{json .}}"):
        from engine.cli.printed.tables import unescaped
        from engine.cli.printed.templates import Template

        template = Template(unescaped(form))
    answer = engine().ask("GET", "/events", asked)
    for event in answer.messages():
        if template is not None:
            say(template.render({**event, "ID": event["Actor"]["ID"], "Time": event["time"]}), flush=True)
        elif form:
            import json

            say(json.dumps(event, ensure_ascii=False, separators=(",", ":")), flush=True)
        else:
            say(_event_line(event), flush=True)
    return 0


def _event_line(event: Mapping[str, Any]) -> str:
    import time

    seconds, fraction = divmod(event["timeNano"], 1_000_000_000)
    zone = time.strftime("%z", time.localtime(seconds))
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(seconds))
    attributes = ", ".join(f"{key}={value}" for key, value in sorted(event["Actor"]["Attributes"].items()))
    tail = f" ({attributes})" if attributes else ""
    zone = f"{zone[:3]}:{zone[3:]}"
    return f"{moment}.{fraction:09d}{zone} {event['Type']} {event['Action']} {event['Actor']['ID']}{tail}"


_DF = """
--format text     'table', 'json' or a Go template
-v --verbose flag Show detailed information on space usage
"""


def df(given: Given) -> int:
    from engine.cli.printed.tables import show

    usage = engine().get("/system/df")
    if given.flag("verbose"):
        _verbose(usage)
        return 0
    columns = [
        ("TYPE", "Type"),
        ("TOTAL", "TotalCount"),
        ("ACTIVE", "Active"),
        ("SIZE", "Size"),
        ("RECLAIMABLE", "Reclaimable"),
    ]
    show(_df_rows(usage), given.text("format"), columns=columns)
    return 0


def _df_rows(usage: Mapping[str, Any]) -> list[dict[str, str]]:
    images, containers = usage["Images"] or [], usage["Containers"] or []
    volumes, cache = usage["Volumes"] or [], usage["BuildCache"] or []
    in_use = sum(image["Size"] - max(0, image["SharedSize"]) for image in images if image["Containers"])
    shared = max((image["SharedSize"] for image in images if image["Containers"]), default=0)
    awake = [each for each in containers if each["State"] in ("running", "paused", "restarting")]
    taken = sum(each.get("SizeRw", 0) for each in containers)
    asleep = taken - sum(each.get("SizeRw", 0) for each in awake)
    used_volumes = [each for each in volumes if each["UsageData"]["RefCount"]]
    volume_bytes = sum(max(0, each["UsageData"]["Size"]) for each in volumes)
    free_volumes = volume_bytes - sum(max(0, each["UsageData"]["Size"]) for each in used_volumes)
    busy_cache = [each for each in cache if each["InUse"]]
    cache_bytes = sum(each["Size"] for each in cache)
    free_cache = cache_bytes - sum(each["Size"] for each in busy_cache)
    layers = usage["LayersSize"]
    images_used = sum(bool(image["Containers"]) for image in images)
    return [
        _df_row("Images", len(images), images_used, layers, max(0, layers - in_use - shared)),
        _df_row("Containers", len(containers), len(awake), taken, asleep),
        _df_row("Local Volumes", len(volumes), len(used_volumes), volume_bytes, free_volumes),
        _df_row("Build Cache", len(cache), len(busy_cache), cache_bytes, free_cache),
    ]


def _df_row(kind: str, total: int, active: int, size: int, free: int) -> dict[str, str]:
    from engine.cli.printed import words

    share = f" ({100 * free // size}%)" if size else ""
    return {
        "Type": kind,
        "TotalCount": str(total),
        "Active": str(active),
        "Size": words.size(size, digits=4),
        "Reclaimable": words.size(free, digits=4) + share,
    }


def _verbose(usage: Mapping[str, Any]) -> None:
    from engine.cli.images.kept import image_rows
    from engine.cli.printed import words
    from engine.cli.printed.tables import table

    def section(title: str, heads: Sequence[str], rows: list[list[str]]) -> None:
        say(f"{title}\n")
        say(table([list(heads), *rows]), end="")
        say()

    shown = [row for image in usage["Images"] or [] for row in image_rows(image)]
    keys = ("Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize", "Containers")
    heads = ("REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", "SHARED SIZE", "UNIQUE SIZE", "CONTAINERS")
    section("Images space usage:", heads, [[row[key] for key in keys] for row in shown])
    rows = [container_row(each) for each in usage["Containers"] or []]
    keys = ("ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names")
    heads = ("CONTAINER ID", "IMAGE", "COMMAND", "LOCAL VOLUMES", "SIZE", "CREATED", "STATUS", "NAMES")
    section("Containers space usage:", heads, [[row[key] for key in keys] for row in rows])
    volumes = [
        [each["Name"], str(each["UsageData"]["RefCount"]), words.size(max(0, each["UsageData"]["Size"]))]
        for each in usage["Volumes"] or []
    ]
    section("Local Volumes space usage:", ("VOLUME NAME", "LINKS", "SIZE"), volumes)
    cache = [
        [words.short_id(each["ID"]), each["Type"], words.size(each["Size"]), str(each["InUse"]).lower()]
        for each in usage["BuildCache"] or []
    ]
    section("Build cache usage:", ("CACHE ID", "CACHE TYPE", "SIZE", "IN USE"), cache)


_PRUNE = """
-a --all flag    Remove all unused images not just dangling ones
--filter list    Provide filter values
-f --force flag  Do not prompt for confirmation
--volumes flag   Prune anonymous volumes
"""


def prune(given: Given) -> int:
    import json

    from engine.cli.printed.asking import confirmed
    from engine.cli.printed.words import size

    everything, volumes = given.flag("all"), given.flag("volumes")
    images = "all images without at least one container associated to them" if everything else "all dangling images"
    goes = ["all stopped containers", "all networks not used by at least one container"]
    goes += ["all anonymous volumes not used by at least one container"] if volumes else []
    goes += [images, "unused build cache"]
    warning = "WARNING! This will remove:\n" + "".join(f"  - {each}\n" for each in goes)
    if not given.flag("force") and not confirmed(warning):
        return 0
    client, chosen = engine(), filters(given)
    freed = _pruned(client, "containers", "Deleted Containers", {"filters": chosen})
    # A network carries no time of its last use, so a filter by time leaves the networks alone.
    if "until" not in chosen:
        _pruned(client, "networks", "Deleted Networks", {"filters": chosen})
    if volumes:
        freed += _pruned(client, "volumes", "Deleted Volumes", {"filters": chosen if "until" not in chosen else ""})
    dangling = json.dumps({**json.loads(chosen or "{}"), "dangling": {"false" if everything else "true": True}})
    freed += _pruned(client, "images", "Deleted Images", {"filters": dangling})
    if not chosen:
        freed += _pruned(client, "build", "Deleted build cache objects", {"all": everything})
    say(f"Total reclaimed space: {size(freed, digits=4)}")
    return 0


def _pruned(client: Client, noun: str, title: str, values: dict[str, object]) -> int:
    answer = client.post(f"/{noun}/prune", values)
    key = {"build": "CachesDeleted"}.get(noun, f"{noun.capitalize()}Deleted")
    lines: list[str] = []
    for each in answer.get(key) or ():
        lines += [f"{word.lower()}: {name}" for word, name in each.items()] if isinstance(each, dict) else [each]
    if lines:
        say(f"{title}:", *lines, sep="\n", end="\n\n")
    return int(answer.get("SpaceReclaimed", 0))


def context(given: Given) -> int:
    """A line for the shell; `eval "$(wherry context)"` points every docker tool here."""
    import shlex

    shell = given.text("shell")
    address = f"unix://{socket_path()}"
    if shell == "fish":
        say(f"set -gx DOCKER_HOST {shlex.quote(address)};")
    else:
        say(f"export DOCKER_HOST={shlex.quote(address)}")
    return 0


COMMANDS = {
    "version": Command(version, "[OPTIONS]", "Show the versions of client and engine", _FORMAT, most=0),
    "info": Command(info, "[OPTIONS]", "Show what the engine is and has", _FORMAT, most=0),
    "events": Command(events, "[OPTIONS]", "Show what happens, as it happens", _EVENTS, most=0),
    "system df": Command(df, "[OPTIONS]", "Show what the store holds", _DF, most=0),
    "system prune": Command(prune, "[OPTIONS]", "Remove what is not used", _PRUNE, most=0),
    "context": Command(
        context,
        "[OPTIONS]",
        "Print the line that points docker tools here",
        "--shell text The shell to print for: sh (default) or fish",
        most=0,
    ),
}

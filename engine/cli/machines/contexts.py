"""`context`: the machines whose engines the verbs can be for, in docker's words."""

from __future__ import annotations

import os
import sys
from typing import Any

from engine.cli.options import Command, Given, UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.wire import Failed, Unreachable
from engine.cli.streams.frames import write_all
from engine.machines import machine_list
from engine.machines.address import BadAddress, parse
from engine.machines.machine_list import HERE, Entry

_UNIX = "unix://"


def _listed() -> dict[str, Entry]:
    try:
        return machine_list.read()
    except machine_list.ListUnusable as error:
        raise Failed(0, str(error)) from None


def _known() -> dict[str, Entry]:
    """Ours before those of docker and podman."""
    from engine.machines.known_elsewhere import everywhere

    return {**everywhere(), **_listed()}


def _here() -> Entry:
    from engine.cli.reach.socket_place import socket_path

    return Entry(HERE, f"{_UNIX}{socket_path()}", "wherry", description="This computer")


def _chosen() -> str:
    return os.environ.get("WHERRY_CONTEXT") or machine_list.chosen() or HERE


def _named(name: str, known: dict[str, Entry]) -> Entry:
    if name not in known:
        raise Failed(0, f"context “{name}” does not exist")
    return known[name]


def ls(given: Given) -> int:
    from engine.cli.printed.tables import show

    chosen = _chosen()
    known = [_here(), *sorted(_known().values(), key=lambda entry: entry.name)]
    if given.flag("quiet"):
        say(*(entry.name for entry in known), sep="\n")
        return 0
    rows = [
        {
            "Name": entry.name,
            "Current": entry.name == chosen,
            "Mark": f"{entry.name} *" if entry.name == chosen else entry.name,
            "Description": entry.description,
            "DockerEndpoint": entry.address,
            "Kind": entry.kind,
            "Source": {"docker": "docker context", "podman": "podman connection"}.get(entry.source, ""),
            "Error": "",
        }
        for entry in known
    ]
    columns = [
        ("NAME", "Mark"),
        ("DESCRIPTION", "Description"),
        ("DOCKER ENDPOINT", "DockerEndpoint"),
        ("KIND", "Kind"),
        ("FROM", "Source"),
    ]
    show(rows, given.text("format"), columns=columns)
    if os.environ.get("WHERRY_HOST"):
        say("WHERRY_HOST is set: it counts before the context.", file=sys.stderr)
    return 0


def create(given: Given) -> int:
    name, known = given.arguments[0], _listed()
    _check(name)
    if name in known:
        raise Failed(0, f"context “{name}” already exists")
    begin = _named(given.text("from"), _known()) if given.text("from") else Entry(name, "")
    entry = _with_options(begin._replace(name=name, source=""), given)
    if not entry.address:
        raise UsageError("needs an address: --docker host=ssh://me@server")
    entry = _found_out(entry)
    _keep({**known, name: entry})
    say(name)
    say(f"Successfully created context “{name}”", file=sys.stderr)
    return 0


def update(given: Given) -> int:
    name, known = given.arguments[0], _listed()
    entry = _with_options(_named(name, known), given)
    _keep({**known, name: _found_out(entry) if entry.address != known[name].address else entry})
    say(name)
    return 0


def _check(name: str) -> None:
    try:
        machine_list.check_name(name)
    except machine_list.ListUnusable as error:
        raise Failed(0, str(error)) from None


def _with_options(entry: Entry, given: Given) -> Entry:
    if given.has("description"):
        entry = entry._replace(description=given.text("description"))
    if given.has("through"):
        entry = entry._replace(through=given.text("through"))
    if not given.has("docker"):
        return entry
    said = dict(part.partition("=")[::2] for text in given.list("docker") for part in text.split(",") if part)
    if unknown := set(said) - {"host", "ca", "cert", "key", "skip-tls-verify"}:
        raise UsageError(f"--docker has no “{sorted(unknown)[0]}”: host, ca, cert, key and skip-tls-verify")
    files = {word: os.path.abspath(os.path.expanduser(said[word])) for word in ("ca", "cert", "key") if said.get(word)}
    entry = entry._replace(
        address=said.get("host", entry.address),
        ca=files.get("ca", entry.ca),
        certificate=files.get("cert", entry.certificate),
        key=files.get("key", entry.key),
    )
    if said.get("skip-tls-verify", "").lower() in ("true", "1"):
        entry = entry._replace(unchecked=True)
    try:
        return entry._replace(address=str(parse(entry.address, tls=entry.tls)))
    except BadAddress as error:
        raise UsageError(str(error)) from None


def _found_out(entry: Entry) -> Entry:
    """Ask which engine it is. One that does not answer is listed all the same: it may be asleep."""
    from engine.cli.reach.far import FarClient, kind_of

    try:
        version = FarClient(entry).get("/version")
    except (Failed, Unreachable) as error:
        say(f"It does not answer yet: {error}", file=sys.stderr)
        return entry
    kind = kind_of(version)
    return entry._replace(kind=kind, through=entry.through or kind)


def _keep(entries: dict[str, Entry]) -> None:
    machine_list.write(entries.values())


def use(given: Given) -> int:
    name = given.arguments[0]
    if name != HERE:
        _named(name, _known())
    machine_list.choose(name)
    say(name)
    say(f"Current context is now “{name}”", file=sys.stderr)
    if os.environ.get("WHERRY_HOST"):
        say("Warning: WHERRY_HOST is set and counts before the context.", file=sys.stderr)
    return 0


def show_(given: Given) -> int:
    del given
    say(_chosen())
    return 0


def rm(given: Given) -> int:
    known, wrong = _listed(), 0
    for name in given.arguments:
        if name not in known or (name == _chosen() and not given.flag("force")):
            why = "is in use: --force removes it all the same" if name in known else "does not exist"
            say(f"Error: context “{name}” {why}", file=sys.stderr)
            wrong = 1
            continue
        del known[name]
        if name == machine_list.chosen():
            machine_list.choose(HERE)
        say(name)
    _keep(known)
    return wrong


def inspect(given: Given) -> int:
    import json

    from engine.cli.printed.tables import unescaped
    from engine.cli.printed.templates import Template

    known = {**_known(), HERE: _here()}
    found = [_inspection(_named(name, known)) for name in given.arguments or [_chosen()]]
    form = given.text("format")
    if form and form != "json":
        template = Template(unescaped(form))
        say(*(template.render(each) for each in found), sep="\n")
        return 0
    say(json.dumps(found, indent=4, ensure_ascii=False))
    return 0


def _inspection(entry: Entry) -> dict[str, Any]:
    files = [os.path.basename(path) for path in (entry.ca, entry.certificate, entry.key) if path]
    return {
        "Name": entry.name,
        "Metadata": {"Description": entry.description, "Kind": entry.kind, "Through": entry.through},
        "Endpoints": {"docker": {"Host": entry.address, "SkipTLSVerify": entry.unchecked}},
        "TLSMaterial": {"docker": files} if files else {},
        "Storage": {"MetadataPath": machine_list.file_path() if not entry.source else f"<{entry.source}>"},
    }


def export(given: Given) -> int:
    """A tar as docker's, so that either of us can read what the other wrote."""
    import io
    import json
    import tarfile

    name = given.arguments[0]
    entry = _named(name, _known())
    target = given.arguments[1] if len(given.arguments) > 1 else f"{name}.dockercontext"
    whole = _inspection(entry)
    meta = json.dumps({key: whole[key] for key in ("Name", "Metadata", "Endpoints")}).encode()
    members = [("meta.json", meta)]
    for member, path in (("ca.pem", entry.ca), ("cert.pem", entry.certificate), ("key.pem", entry.key)):
        if path:
            with open(path, "rb") as file:
                members.append((f"tls/docker/{member}", file.read()))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for member, data in members:
            info = tarfile.TarInfo(member)
            info.size, info.mode = len(data), 0o600
            archive.addfile(info, io.BytesIO(data))
    if target == "-":
        write_all(1, packed.getvalue())
        return 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(packed.getvalue())
    say(f"Written file “{target}”", file=sys.stderr)
    return 0


_MOST_IMPORTED = 4 << 20


def import_(given: Given) -> int:
    import json
    import tarfile

    name, source = given.arguments
    known = _listed()
    _check(name)
    if name in known:
        raise Failed(0, f"context “{name}” already exists")
    with sys.stdin.buffer if source == "-" else open(source, "rb") as file:
        data = file.read(_MOST_IMPORTED)
    try:
        files = _members(data)
        meta = json.loads(files["meta.json"])
        endpoint = meta["Endpoints"]["docker"]
        tls = any(member.startswith("tls/docker/") for member in files)
        address = str(parse(str(endpoint["Host"]), tls=tls))
        description = str((meta.get("Metadata") or {}).get("Description") or "")
    except tarfile.TarError:
        raise Failed(0, f"{source} holds no context: it is no tar") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failed(0, f"{source} holds no context: {error}") from None
    parts = ("ca.pem", "cert.pem", "key.pem")
    ca, certificate, key = (_kept_file(name, part, files.get(f"tls/docker/{part}")) for part in parts)
    unchecked = bool(endpoint.get("SkipTLSVerify"))
    entry = Entry(name, address, "", "", description, ca, certificate, key, unchecked)
    _keep({**known, name: entry})
    say(name)
    return 0


def _members(data: bytes) -> dict[str, bytes]:
    """Read, never unpacked: names in it are only looked up."""
    import io
    import tarfile

    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            if member.isfile() and (content := archive.extractfile(member)) is not None:
                found[member.name.removeprefix("./")] = content.read()
    return found


def _kept_file(name: str, part: str, data: bytes | None) -> str:
    if data is None:
        return ""
    place = os.path.join(os.path.dirname(machine_list.file_path()), "machines", name)
    os.makedirs(place, mode=0o700, exist_ok=True)
    path = os.path.join(place, part)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    return path


_ABOUT = """
--description text  What it is for
--docker list       host=ADDRESS, and for TLS ca=, cert=, key= (files) and skip-tls-verify=true
--through text      Whose program there opens the way over ssh: wherry, docker or podman
"""
_LS = """
--format text   'table', 'json' or a Go template
-q --quiet flag Only show names
"""
_RM = "-f --force flag Remove the one in use too"


COMMANDS = {
    "context ls": Command(ls, "[OPTIONS]", "List the machines the verbs can be for", _LS, most=0),
    "context create": Command(
        create, "[OPTIONS] NAME", "Add a machine", f"{_ABOUT}--from text  Begin with what another has", least=1, most=1
    ),
    "context update": Command(update, "[OPTIONS] NAME", "Change how a machine is reached", _ABOUT, least=1, most=1),
    "context use": Command(use, "NAME", "Make every further verb for this machine", least=1, most=1),
    "context show": Command(show_, "", "Print the name of the machine the verbs are for", most=0),
    "context inspect": Command(
        inspect, "[OPTIONS] [NAME...]", "Show everything about machines", "-f --format text A Go template"
    ),
    "context rm": Command(rm, "[OPTIONS] NAME [NAME...]", "Forget machines", _RM, least=1),
    "context export": Command(export, "NAME [FILE|-]", "Write what is known of a machine to a file", least=1, most=2),
    "context import": Command(import_, "NAME FILE|-", "Add a machine from such a file", least=2, most=2),
}

"""`registry`: how registries are reached, and through which proxies: the same choices as the window's, in one file."""

from __future__ import annotations

from typing import Any

from engine.cli.options import Command, Given, UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine
from engine.cli.reach.wire import quote


def ls(given: Given) -> int:
    from engine.cli.printed.tables import show

    told = engine().get("/wherry/registries")
    if given.text("format") == "" and not told["registries"]:
        say(f"No registry has settings of its own. They are kept in {told['file']}")
        return 0
    rows = [
        {
            "Registry": one["host"],
            "Insecure": "yes" if one["insecure"] else "",
            "Mirrors": ", ".join(one["mirrors"]),
            "Files": ", ".join(filter(None, (one["ca_file"], one["client_certificate"], one["client_key"]))),
        }
        for one in told["registries"]
    ]
    columns = [("REGISTRY", "Registry"), ("INSECURE", "Insecure"), ("MIRRORS", "Mirrors"), ("CERTIFICATES", "Files")]
    show(rows, given.text("format"), columns=columns)
    return 0


def set_(given: Given) -> int:
    """What is not named stays as it is."""
    host, client = given.arguments[0], engine()
    if "/" in host:
        raise UsageError(f"{host} is no registry: write host or host:port")
    known = {one["host"]: one for one in client.get("/wherry/registries")["registries"]}
    wanted: dict[str, Any] = dict(known.get(host, {}))
    if given.has("insecure"):
        wanted["insecure"] = given.flag("insecure")
    if given.has("mirror"):
        wanted["mirrors"] = [each for text in given.list("mirror") for each in text.split(",") if each]
    for option, key in (("ca", "ca_file"), ("cert", "client_certificate"), ("key", "client_key")):
        if given.has(option):
            wanted[key] = given.text(option)
    client.put(f"/wherry/registries/{quote(host)}", wanted)
    say(host)
    return 0


def rm(given: Given) -> int:
    client = engine()
    for host in given.arguments:
        client.delete(f"/wherry/registries/{quote(host)}")
        say(host)
    return 0


def proxy(given: Given) -> int:
    client = engine()
    wanted: dict[str, str] = {} if given.flag("clear") else client.get("/wherry/registries")["proxy"]
    options = (("http", "http"), ("https", "https"), ("no-proxy", "no_proxy"))
    changes = {key: given.text(option) for option, key in options if given.has(option)}
    if changes or given.flag("clear"):
        client.put("/wherry/proxy", {**wanted, **changes})
        wanted = client.get("/wherry/registries")["proxy"]
    if not wanted["http"] and not wanted["https"]:
        say("None is set: HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the engine's environment count.")
        return 0
    for option, key in options:
        if wanted[key]:
            say(f"{option}: {wanted[key]}")
    return 0


_SET = """
--ca text         Trust this authority for it, a file of certificates
--cert text       Show this certificate to it
--insecure flag   Allow plain HTTP and certificates that are not checked
--key text        The key of that certificate
--mirror list     Ask this address first; several are asked in order, and "" is none
"""
_PROXY = """
--clear flag      Forget them: what the environment says counts
--http text       For addresses that begin with http://
--https text      For addresses that begin with https://
--no-proxy text   Hosts that are reached without, separated by commas
"""
COMMANDS = {
    "registry ls": Command(ls, "[OPTIONS]", "List the registries with settings", "--format text As of ps", most=0),
    "registry set": Command(set_, "[OPTIONS] HOST", "Say how a registry is reached", _SET, least=1, most=1),
    "registry rm": Command(rm, "HOST [HOST...]", "Forget the settings of registries", least=1),
    "registry proxy": Command(proxy, "[OPTIONS]", "Show or set the proxies of the engine's downloads", _PROXY, most=0),
}

"""The group `kube`: manifests on this machine without a cluster, in podman's words."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from engine.cli.options import Command, Given, UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Failed, quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.cli.reach.wire import Client

_LARGEST = 16 << 20
_FETCH_SECONDS = 30.0


# --- reading files ---


def texts_of(names: Iterable[str]) -> dict[str, str]:
    """Files by their whole paths; "-" is what is piped in, and an address is fetched."""
    found: dict[str, str] = {}
    for name in names:
        if name == "-":
            found["stdin"] = sys.stdin.read(_LARGEST)
        elif name.startswith(("http://", "https://")):
            found[name] = _fetched(name)
        elif os.path.isdir(name):
            inside = sorted(each for each in os.listdir(name) if each.endswith((".yaml", ".yml", ".json")))
            found |= texts_of(os.path.join(name, each) for each in inside)
        else:
            found[os.path.abspath(name)] = _read(name)
    return found


def _read(name: str) -> str:
    try:
        with open(name, encoding="utf-8") as file:
            return file.read(_LARGEST)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Failed(0, f"{name} cannot be read: {reason}") from None


def _fetched(address: str) -> str:
    from urllib.error import HTTPError, URLError
    from urllib.request import urlopen

    try:
        with urlopen(address, timeout=_FETCH_SECONDS) as answer:
            return str(answer.read(_LARGEST).decode())
    except (URLError, OSError, UnicodeDecodeError) as error:
        if isinstance(error, HTTPError):
            error.close()
        raise Failed(0, f"{address} cannot be fetched: {error}") from None


# --- verbs ---


def play(given: Given) -> int:
    from engine.cli.compose.steps import follow

    if given.flag("down"):
        return down(given)
    client, request = engine(), _play_request(given)
    plan = client.post("/wherry/manifests/plan", body=request)
    _tell_problems(plan["problems"])
    if given.flag("dry-run"):
        return _show(plan)
    answer = client.ask("POST", "/wherry/manifests/play", body=request)
    follow(answer.messages(), quiet=given.flag("quiet"))
    for name in plan["services"]:
        pod = client.get(f"/wherry/pods/{quote(name)}")
        say(f"Pod:\n{pod['id']}")
        heads = [("Container", False), ("Init container", True)]
        for head, init in heads:
            ids = [each["id"] for each in pod["containers"] if each["init"] is init]
            if ids:
                say(f"{head}{'s' if len(ids) > 1 else ''}:", *ids, sep="\n")
        say()
    return 0


def _play_request(given: Given) -> dict[str, Any]:
    from engine.recipe.kinds.ports import read_publish

    networks = given.list("network")
    if len(networks) > 1:
        raise UsageError("pods have one network; connect them to others when they are there")
    pull = given.text("pull", "policy")
    if pull not in ("policy", "always", "never"):
        raise UsageError(f'invalid --pull option "{pull}": policy, always or never')
    return {
        "texts": texts_of([*given.arguments, *given.list("configmap")]),
        "network": networks[0] if networks else "",
        "publish_all": given.flag("publish-all"),
        "ports": [port for text in given.list("publish") for port in read_publish(text)],
        "replicas": given.number("replicas"),
        "replace": given.flag("replace"),
        "start": given.flag("start", default=True),
        "pull": pull,
    }


def _show(plan: dict[str, Any]) -> int:
    from engine.cli.compose.steps import plan_text

    say(plan_text(plan))
    return 0


def _tell_problems(problems: list[dict[str, Any]]) -> None:
    from engine.cli.compose.project import tell_problems

    tell_problems(problems)


def down(given: Given) -> int:
    from engine.cli.compose.steps import follow

    client = engine()
    request = {"texts": texts_of(given.arguments), "volumes": given.flag("force")}
    if given.flag("dry-run"):
        return _show(client.post("/wherry/manifests/plan-down", body=request))
    answer = client.ask("POST", "/wherry/manifests/down", body=request)
    follow(answer.messages(), quiet=given.flag("quiet"))
    return 0


def generate(given: Given) -> int:
    """To a file where one is named; one that is there stays, as podman has it."""
    text = generated(engine(), given)
    name = given.text("filename")
    if not name:
        say(text, end="")
        return 0
    try:
        with open(name, "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Failed(0, f"{name} cannot be written: {error.strerror}") from None
    return 0


def generated(client: Client, given: Given) -> str:
    body = {
        "names": given.arguments,
        "kind": given.text("type", "pod").lower(),
        "service": given.flag("service"),
        "replicas": given.number("replicas") or 1,
    }
    return str(client.post("/wherry/manifests/generate", body=body)["text"])


_GENERATE = """
-f --filename text  Write it to a file that is not there yet
-s --service flag   With a Service for its ports
-t --type text      'pod' or 'deployment'
-r --replicas number  How many, of a deployment
"""
_PLAY = """
--configmap list    Files with further ConfigMaps and Secrets
--down flag         Take down what was made of the files
--dry-run flag      Only show what would be done
--force flag        With --down: volumes of claims too
--network list      Where its pods find each other ("kube")
-p --publish list   Publish ports of the first pod
--publish-all flag  Publish every port that is spoken of
--pull text         'policy', 'always' or 'never'
-q --quiet flag     Without the steps
--replace flag      Make anew also what has not changed
--replicas number   How many pods of a deployment, whatever the file says
--start flag        Start the pods (default true)
-w --wait flag      Accepted: what is made has been started when it ends
"""
_DOWN = """
--dry-run flag    Only show what would be done
--force flag      Remove the volumes of claims too, with their data
-q --quiet flag   Without the steps
"""

COMMANDS = {
    "kube play": Command(play, "[OPTIONS] KUBEFILE...", "Make pods, volumes and names of manifests", _PLAY, least=1),
    "kube down": Command(down, "[OPTIONS] KUBEFILE...", "Remove what was made of manifests", _DOWN, least=1),
    "kube generate": Command(
        generate, "[OPTIONS] NAME...", "Print containers, pods, projects or volumes as manifests", _GENERATE, least=1
    ),
}

"""Probes as the one health check a container has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.recipe.exports.kubernetes import HTTP, TCP
from engine.types.containers import HealthCheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.kube.node import Node

_TIMES = ("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold")
_WAYS = ("exec", "httpGet", "tcpSocket", "grpc")


def health(container: Node, ports: Mapping[str, int]) -> tuple[HealthCheck | None, bool]:
    """The check, and whether its failure is to start the container again.

    Liveness is what it asks for first, readiness else. A startup probe says how long it may take to begin with.
    """
    probes = {kind: container.below(kind) for kind in ("livenessProbe", "readinessProbe", "startupProbe")}
    said = [kind for kind, probe in probes.items() if probe.value]
    if not said:
        return None, False
    chosen = probes[said[0]]
    if said[:2] == ["livenessProbe", "readinessProbe"]:
        probes["readinessProbe"].note("a container has one health check here; the liveness probe is it", warning=True)
    test = _test(chosen, ports)
    period = chosen.whole("periodSeconds", 10) or 10
    start = float(chosen.whole("initialDelaySeconds"))
    if "startupProbe" in said:
        startup = probes["startupProbe"]
        startup.only((*_WAYS, *_TIMES), {"terminationGracePeriodSeconds": "is the container's own here"})
        longest = startup.whole("initialDelaySeconds") + (startup.whole("periodSeconds", 10) or 10) * (
            startup.whole("failureThreshold", 3) or 3
        )
        start = max(start, float(longest))
    check = HealthCheck(
        test=test,
        interval=float(period),
        timeout=float(chosen.whole("timeoutSeconds", 1) or 1),
        retries=chosen.whole("failureThreshold", 3) or 3,
        start_period=start,
        start_interval=min(float(period), 1.0),
    )
    return (check if test else None), said[0] == "livenessProbe"


def _test(probe: Node, ports: Mapping[str, int]) -> tuple[str, ...]:
    probe.only((*_WAYS, *_TIMES), {"terminationGracePeriodSeconds": "is the container's own here"})
    if probe.has("exec"):
        return ("CMD", *probe.below("exec").texts("command"))
    if probe.has("httpGet"):
        get = probe.below("httpGet")
        get.only(("host", "httpHeaders", "path", "port", "scheme"))
        scheme = get.text("scheme", "HTTP").lower()
        path = get.text("path", "/")
        headers = tuple(f"{each.need('name')}: {each.text('value')}" for each in get.each("httpHeaders"))
        slash = "" if path.startswith("/") else "/"
        return (HTTP, f"{scheme}://{get.text('host', '127.0.0.1')}:{_port(get, ports)}{slash}{path}", *headers)
    if probe.has("tcpSocket"):
        socket = probe.below("tcpSocket")
        return (TCP, f"{socket.text('host', '127.0.0.1')}:{_port(socket, ports)}")
    if probe.has("grpc"):
        probe.note("grpc is asked no more than whether it listens", key="grpc", warning=True)
        return (TCP, f"127.0.0.1:{_port(probe.below('grpc'), ports)}")
    probe.note("it says nowhere how to ask: exec, httpGet or tcpSocket")
    return ()


def _port(node: Node, ports: Mapping[str, int]) -> int:
    word = node.any_text("port")
    if word.isdigit():
        return int(word)
    if word not in ports:
        node.note(f"no port of the container is called “{word}”", key="port")
    return ports.get(word, 0)

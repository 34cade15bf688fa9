"""How a container reaches the world: pasta, what may limit it there, and which ports an ordinary user may publish."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from engine.host.checks.runtime import version_of
from engine.networks.limits import filtering
from engine.networks.way_out.stand_ins import STAND_INS
from engine.types.host import HostCheck, Verdict

if TYPE_CHECKING:
    from engine.host.machine import Machine


def pasta(machine: Machine) -> HostCheck:
    line = partial(HostCheck, name="pasta", title="pasta")
    matters = "It joins a container to the network; without it containers have none and publish no ports."
    install = machine.distribution.install({"debian": "passt"})
    version = version_of(machine, "pasta")
    if version is None:
        others = ((each.program, version_of(machine, each.program)) for each in STAND_INS)
        fallback = next((f"{name} {version}" for name, version in others if version), "")
        return line(
            verdict=Verdict.DEGRADED if fallback else Verdict.MISSING,
            found=f"Not installed; {fallback} is used instead." if fallback else "Not installed.",
            matters="pasta is faster and can publish a port on a running container." if fallback else matters,
            fix=install,
        )
    if not machine.exists("/dev/net/tun"):
        found, fix = f"{version}, but there is no /dev/net/tun.", "sudo modprobe tun"
    elif not machine.opens("/dev/net/tun"):
        found, fix = f"{version}, but {machine.user} may not open /dev/net/tun.", "sudo chmod 666 /dev/net/tun"
    else:
        return line(verdict=Verdict.OK, found=f"{version}, /dev/net/tun opens")
    return line(verdict=Verdict.MISSING, found=found, matters=matters, fix=fix)


def packet_filter(machine: Machine) -> HostCheck:
    """Never red: without it a list holds too, and says less."""
    line = partial(HostCheck, name="packet-filter", title="Packet filter")
    said = filtering.complaint(machine.ask)
    if said is None:
        return line(verdict=Verdict.OK, found="Not tried: a network of one's own could not be made.")
    if not said:
        return line(verdict=Verdict.OK, found="nf_tables, in networks of your own")
    return line(
        verdict=Verdict.DEGRADED,
        found=f"No nf_tables for your user: {said}.",
        matters=f"Without it {filtering.WITHOUT}.",
        fix="sudo modprobe nf_tables",
    )


def unprivileged_ports(machine: Machine) -> HostCheck:
    """Never red: 1024 is what every system starts with. The line says what to do for port 80."""
    line = partial(HostCheck, name="unprivileged-ports", title="Ports")
    text = (machine.read("/proc/sys/net/ipv4/ip_unprivileged_port_start") or "").strip()
    start = int(text) if text.isdecimal() else 1024
    if start <= 80:
        return line(verdict=Verdict.OK, found=f"You may publish every port from {start} up.")
    return line(
        verdict=Verdict.OK,
        found=f"You may publish ports from {start} up.",
        matters=f"To publish a port below {start}, such as 80:",
        fix="echo net.ipv4.ip_unprivileged_port_start=80 | sudo tee /etc/sysctl.d/60-wherry-ports.conf && "
        "sudo sysctl --system",
    )

"""Many containers on several networks, for what must stay readable with them: sixty on six, names of every length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from engine.types.containers import PortMapping, State
from engine.types.data import now
from engine.types.networks import Network, NetworkMember
from tests.fakes.store import fake_digest

if TYPE_CHECKING:
    from tests.fakes.store import Store

_ROLES = (
    "web", "api", "db", "cache", "queue", "worker", "search", "mail", "metrics",
    "recommendations-blue-green-canary-eu-central-1a",
)  # fmt: skip
_NETWORKS = (
    "shop",
    "billing",
    "warehouse",
    "observability",
    "mail_internal",
    "a-network-with-quite-a-long-name-of-its-own",
)


def crowd(store: Store) -> None:
    """Beside what is there."""
    pattern = next(iter(store.running()))
    for row, name in enumerate(_NETWORKS):
        members = []
        for column, role in enumerate(_ROLES):
            container = replace(
                pattern,
                id=fake_digest(f"{name}-{role}")[7:],
                name=f"{name.partition('_')[0]}-{role}-1"[:80],
                spec=replace(pattern.spec, network=name, labels={}),
                ports=(PortMapping(container_port=80, host_port=8100 + row),) if role == "web" else (),
                state=State.EXITED if role == "mail" and row == 2 else State.RUNNING,
            )
            store.put("container", container)
            address = f"10.90.{row}.{column + 2}" if container.state is State.RUNNING else ""
            members.append(NetworkMember(container_id=container.id, name=container.name, ip_address=address))
        if row:
            store_metrics = fake_digest(f"{_NETWORKS[0]}-metrics")[7:]
            members.append(
                NetworkMember(container_id=store_metrics, name="shop-metrics-1", ip_address=f"10.90.{row}.40")
            )
        store.put(
            "network",
            Network(
                id=fake_digest(name)[7:],
                name=name,
                driver="bridge",
                created=now(),
                subnet=f"10.90.{row}.0/24",
                gateway=f"10.90.{row}.1",
                internal=name.endswith("internal"),
                members=tuple(members),
            ),
        )

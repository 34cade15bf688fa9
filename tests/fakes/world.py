"""What is in the fake engine at the beginning: a small company's services, with names short and long."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from engine.types.builds import BuildCacheEntry
from engine.types.containers import (
    Container,
    ContainerSpec,
    Exit,
    Health,
    HealthCheck,
    HealthStatus,
    Mount,
    PortMapping,
    Resources,
    RestartPolicy,
    Security,
    StartTiming,
    State,
)
from engine.types.data import Platform, now
from engine.types.images import Image, ImageConfig
from engine.types.networks import Network, NetworkMember
from engine.types.volumes import Volume
from tests.fakes.store import fake_digest, normal_reference

if TYPE_CHECKING:
    from datetime import datetime

    from tests.fakes.store import Store

DEMO = "localhost/wherry-demo:latest"

_CONFIGS = {
    "nginx": ImageConfig(
        env=("PATH=/usr/local/sbin:/usr/sbin:/usr/bin", "NGINX_VERSION=1.27.2"),
        entrypoint=("/docker-entrypoint.sh",),
        command=("nginx", "-g", "daemon off;"),
        exposed_ports=("80/tcp",),
        stop_signal="SIGQUIT",
    ),
    "postgres": ImageConfig(
        env=("PATH=/usr/lib/postgresql/16/bin", "PGDATA=/var/lib/postgresql/data", "LANG=en_US.utf8"),
        entrypoint=("docker-entrypoint.sh",),
        command=("postgres",),
        exposed_ports=("5432/tcp",),
        volumes=("/var/lib/postgresql/data",),
        stop_signal="SIGINT",
    ),
    "redis": ImageConfig(
        env=("REDIS_VERSION=7.4.1",),
        entrypoint=("docker-entrypoint.sh",),
        command=("redis-server",),
        exposed_ports=("6379/tcp",),
        volumes=("/data",),
        workdir="/data",
    ),
    "wherry-demo": ImageConfig(
        env=("PATH=/usr/bin:/bin", "GREETING=Hello"),
        command=("/bin/serve", "--port", "8080"),
        exposed_ports=("8080/tcp",),
        labels={"org.opencontainers.image.title": "Wherry demo service"},
        health=HealthCheck(test=("CMD", "/bin/serve", "--check"), interval=5.0),
    ),
}


def make_image(reference: str, *, size: int = 0, age_days: float = 12.0) -> Image:
    """An image that is the same whenever it is made of the same reference."""
    rng = random.Random(reference)
    repository = reference.partition("@")[0].rpartition("/")[2].partition(":")[0]
    size = size or rng.randint(8, 420) * 1_000_000
    config = _CONFIGS.get(repository, ImageConfig(env=("PATH=/usr/bin:/bin",), command=("/bin/sh",)))
    return Image(
        id=fake_digest(reference),
        tags=(reference,),
        digests=(f"{reference.rpartition(':')[0]}@{fake_digest('m' + reference)}",),
        created=now() - timedelta(days=age_days),
        platform=Platform(),
        config=config,
        size=size,
        unique_size=int(size * 0.7),
        shared_size=size - int(size * 0.7),
        layers=tuple(fake_digest(f"{reference}/{n}") for n in range(rng.randint(2, 4))),
    )


def _container(name: str, image: Image, spec: ContainerSpec, **fields: object) -> Container:
    spec = replace(spec, image=image.tags[0])
    values: dict[str, object] = {
        "id": fake_digest(name).removeprefix("sha256:"),
        "name": name,
        "image_id": image.id,
        "image": image.tags[0],
        "spec": spec,
        "command_line": (*image.config.entrypoint, *(spec.command or image.config.command)),
        "state": State.RUNNING,
        "created": now() - timedelta(days=3),
        "driver": "overlay",
        "mounts": spec.mounts,
        **fields,
    }
    if values["state"] is State.RUNNING:
        values = {
            "started": now() - timedelta(hours=5),
            "pid": 4242,
            "ports": spec.ports,
            "ip_address": "10.0.2.100",
            "timing": StartTiming(
                steps=(("mount", 0.4), ("network", 3.1), ("conmon and create", 8.2), ("ports", 17.9), ("start", 3.0)),
                begun=(0.0, 0.1, 3.3, 3.4, 21.5),
            ),
            **values,
        }
    return Container(**values)  # type: ignore[arg-type]


def _spec(**fields: object) -> ContainerSpec:
    return ContainerSpec(image="", **fields)  # type: ignore[arg-type]


def _ended(code: int, ago: timedelta, **fields: object) -> dict[str, object]:
    moment: datetime = now() - ago
    return {
        "state": State.EXITED,
        "started": moment - timedelta(hours=1),
        "exit": Exit(code=code, ended=moment, **fields),  # type: ignore[arg-type]
    }


def populate(store: Store) -> None:
    """Seven images, a dozen containers in three projects, volumes and networks."""
    references = (
        "nginx:1.27",
        "postgres:16",
        "redis:7.4-alpine",
        "ghcr.io/acme/storefront-recommendations-service:2025.11.3-rc.2",
        "grafana/grafana:11.3.0",
        "python:3.12-slim",
        "alpine:3.20",
    )
    images = {ref: make_image(normal_reference(ref), age_days=3.0 + 9 * n) for n, ref in enumerate(references)}
    dangling = replace(make_image("localhost/scratch:old"), tags=(), dangling=True)
    for image in (*images.values(), dangling):
        store.put("image", image)
    for container in _containers(*images.values()):
        store.put("container", container)
    for name, size in (("pgdata", 1_843_000_000), ("redis-data", 23_100_000), ("grafana-storage", 88_000_000)):
        store.put(
            "volume",
            Volume(
                name=name,
                created=now() - timedelta(days=40),
                mountpoint=f"/volumes/{name}",
                size=size,
                size_measured=now(),
            ),
        )
    lost = fake_digest("lost").removeprefix("sha256:")
    for number, words in enumerate(("RUN pip install -r requirements.txt", "COPY . /app", "cache mount pip")):
        store.build_cache[f"step{number}"] = BuildCacheEntry(
            id=f"step{number}", kind="mount" if "mount" in words else "step", description=words,
            size=(84_000_000, 1_200_000, 31_000_000)[number], created=now() - timedelta(days=2), last_used=now(),
            in_use=number == 1,
        )  # fmt: skip
    store.put("volume", Volume(name=lost, created=now() - timedelta(days=9), mountpoint="/volumes/x", anonymous=True))
    for name, driver in (("pasta", "pasta"), ("host", "host"), ("none", "null")):
        members = tuple(
            NetworkMember(container_id=each.id, name=each.name, ip_address=each.ip_address)
            for each in store.running()
            if each.spec.network == name
        )
        store.put(
            "network",
            Network(id=fake_digest(name)[7:], name=name, driver=driver, created=now(), builtin=True, members=members),
        )
    store.put(
        "network",
        Network(
            id=fake_digest("shop")[7:],
            name="shop_default",
            driver="bridge",
            created=now() - timedelta(days=3),
            subnet="10.89.1.0/24",
            gateway="10.89.1.1",
        ),
    )
    store.refresh_users()
    store.event_log.clear()


def _containers(
    nginx: Image, postgres: Image, redis: Image, storefront: Image, grafana: Image, python: Image, alpine: Image
) -> list[Container]:
    shop = {"com.docker.compose.project": "shop"}
    watch = {"com.docker.compose.project": "observability"}
    return [
        _container(
            "shop-web-1",
            nginx,
            _spec(
                labels={**shop, "com.docker.compose.service": "web"},
                ports=(PortMapping(container_port=80, host_port=8080), PortMapping(container_port=443, host_port=8443)),
                resources=Resources(memory=256 << 20, cpus=1.0),
                health=HealthCheck(test=("CMD", "curl", "-f", "http://localhost/")),
                mounts=(
                    Mount(kind="bind", target="/usr/share/nginx/html", source="/home/sam/shop/static", read_only=True),
                ),
            ),
            health=HealthStatus(status=Health.HEALTHY),
        ),
        _container(
            "shop-db-1",
            postgres,
            _spec(
                labels={**shop, "com.docker.compose.service": "db"},
                env={"POSTGRES_PASSWORD": "correct horse"},
                mounts=(Mount(kind="volume", target="/var/lib/postgresql/data", source="pgdata"),),
                resources=Resources(memory=1 << 30),
                restart=RestartPolicy(name="unless-stopped"),
            ),
        ),
        _container(
            "shop-cache-1",
            redis,
            _spec(
                labels={**shop, "com.docker.compose.service": "cache"},
                mounts=(Mount(kind="volume", target="/data", source="redis-data"),),
                resources=Resources(memory=128 << 20),
            ),
        ),
        _container(
            "storefront-recommendations-blue-green-canary-eu-central-1a",
            storefront,
            _spec(
                labels=shop,
                ports=tuple(PortMapping(container_port=9000 + n, host_port=19000 + n) for n in range(6)),
            ),
            health=HealthStatus(status=Health.UNHEALTHY, failing_streak=4),
        ),
        _container(
            "grafana",
            grafana,
            _spec(
                labels=watch,
                ports=(PortMapping(container_port=3000, host_port=3000),),
                mounts=(Mount(kind="volume", target="/var/lib/grafana", source="grafana-storage"),),
            ),
        ),
        _container(
            "metrics-import",
            python,
            _spec(labels=watch, command=("python", "/app/import.py")),
            **_ended(1, timedelta(minutes=3)),
        ),
        _container(
            "thumbnailer",
            python,
            _spec(
                command=("python", "-m", "thumbs"),
                resources=Resources(memory=256 << 20),
                restart=RestartPolicy(name="on-failure"),
            ),
            restart_count=4,
            **_ended(137, timedelta(minutes=22), signal=9, oom_killed=True),
        ),
        _container(
            "scratchpad",
            alpine,
            _spec(command=("sleep", "infinity"), tty=True),
            state=State.PAUSED,
            started=now() - timedelta(minutes=40),
            pid=5151,
        ),
        _container(
            "hardened-worker",
            alpine,
            _spec(
                command=("sleep", "infinity"),
                security=Security(read_only_root=True, no_new_privileges=True, capabilities_drop=("ALL",)),
                init=True,
            ),
        ),
        _container("backup-nightly", alpine, _spec(command=("/backup.sh",)), **_ended(0, timedelta(hours=9))),
        _container("draft", nginx, _spec(), state=State.CREATED),
    ]


def populate_many(store: Store, containers: int, images: int, *, running: int = 0) -> None:
    """A crowd, for measuring."""
    pool = [make_image(f"docker.io/library/service-{n}:1.{n}") for n in range(images)]
    for image in pool:
        store.put("image", image)
    for n in range(containers):
        image = pool[n % len(pool)]
        state: dict[str, object] = {"state": State.RUNNING} if n < running else _ended(n % 3, timedelta(minutes=n + 1))
        labels = {"com.docker.compose.project": f"project-{n % 7}"} if n % 2 else {}
        spec = _spec(labels=labels, ports=(PortMapping(container_port=80, host_port=20000 + n),))
        store.put("container", _container(f"service-{n:04}", image, spec, **state))
    store.event_log.clear()

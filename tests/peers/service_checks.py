"""What `service create` and `service update` make of a line, beside what docker's own client makes of it, by field."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Any

import msgspec

from engine.cli.swarms import creating, updating
from engine.swarm.differences import changed_fields
from engine.types.swarm import ChangeService, CreateService

if TYPE_CHECKING:
    from engine.remote.engine import RemoteEngine

_IMAGE = "localhost/busybox:latest"
_LINES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("{image}", ("--replicas 2 --env-add A=b --label-add k=v --publish-add 8101:80 --limit-memory 64m",)),
    ("--mode global {image} sleep 1000", ("--args 'sleep 2000' --user 12:13 --workdir /tmp --read-only --tty",)),
    ("--mode replicated-job --replicas 3 --max-concurrent 2 {image} true", ()),
    ("--mode global-job --restart-condition none {image} true", ()),
    (
        "--replicas 1 -e A=1 -e 'B=x $y' --env N=3 -l one=1 --label two --container-label in=side --hostname h -u 7 "
        "-w /srv --group 4 --group audio -t --init --read-only --stop-signal INT --stop-grace-period 3s {image} a $b",
        ("--env-add A=2 --env-rm B --label-rm one --label-add two=2 --container-label-rm in --container-label-add o=p "
         "--group-rm 4 --group-add 5 --hostname other --stop-grace-period 1m --read-only=false",
         "--entrypoint 'sh -c' --args 'echo x' --stop-signal TERM --init=false"),
    ),
    (
        "-p 8102:80 -p 8103:53/udp --publish published=8104,target=81,mode=host --publish target=82 "
        "--endpoint-mode vip {image}",
        ("--publish-rm 80 --publish-add 8105:80 --publish-add published=8106,target=83,protocol=udp",
         "--publish-rm 53/udp --publish-rm 82"),
    ),
    ("-p 8107-8109:90-92 {image}", ()),
    (
        "--mount type=volume,src=data,dst=/data --mount type=bind,src=/tmp,dst=/t,readonly,bind-propagation=rslave "
        "--mount type=tmpfs,dst=/m,tmpfs-size=1m,tmpfs-mode=700 --mount dst=/anonymous "
        "--mount type=volume,src=v2,dst=/v2,volume-driver=local,volume-opt=type=tmpfs,volume-opt=device=tmpfs,"
        "volume-label=a=b,volume-nocopy {image}",
        ("--mount-rm /data --mount-add type=volume,src=other,dst=/t --mount-add type=tmpfs,dst=/n",),
    ),
    (
        "--limit-cpu 0.5 --limit-memory 100m --limit-pids 50 --reserve-cpu .25 --reserve-memory 20m "
        "--generic-resource gpu=2 --constraint node.role==manager --constraint node.labels.x!=y "
        "--placement-pref spread=node.labels.rack --replicas-max-per-node 3 {image}",
        ("--limit-cpu 1 --limit-pids 0 --reserve-memory 10m --constraint-rm node.role==manager --constraint-add "
         "node.role!=worker --placement-pref-rm spread=node.labels.rack --replicas-max-per-node 4",
         "--placement-pref-add spread=node.labels.room --limit-memory 0"),
    ),
    (
        "--update-parallelism 2 --update-delay 1s --update-failure-action rollback --update-monitor 3s "
        "--update-max-failure-ratio .2 --update-order start-first --rollback-parallelism 0 --rollback-delay 2s "
        "--rollback-monitor 1s --rollback-order start-first --restart-condition on-failure --restart-delay 1s "
        "--restart-max-attempts 3 --restart-window 9s {image}",
        ("--update-order stop-first --rollback-delay 0s --restart-max-attempts 5", "--update-parallelism 0"),
    ),
    ("--update-delay 1s --restart-delay 2s {image}", ("--rollback-delay 3s --update-parallelism 4",)),
    (
        "--health-cmd 'true || false' --health-interval 7s --health-retries 2 --health-timeout 3s "
        "--health-start-period 4s --health-start-interval 1s {image}",
        ("--health-cmd false --health-retries 5", "--no-healthcheck"),
    ),
    ("--no-healthcheck --log-driver json-file --log-opt max-size=10m --log-opt max-file=2 {image}",
     ("--log-driver journald",)),
    (
        "--dns 9.9.9.9 --dns-search example.org --dns-option ndots:2 --host one:10.0.0.1 --host two:10.0.0.2 "
        "--cap-add NET_ADMIN --cap-add SYS_TIME --cap-drop CHOWN --sysctl net.core.somaxconn=99 --ulimit nofile=10:20 "
        "--oom-score-adj 100 {image}",
        ("--dns-rm 9.9.9.9 --dns-add 1.1.1.1 --dns-search-add other.org --host-rm one:10.0.0.1 --host-add "
         "three:10.0.0.3 --cap-add KILL --cap-add CHOWN --cap-drop SYS_TIME "
         "--sysctl-add net.core.somaxconn=100 --ulimit-add nproc=5",
         "--ulimit-rm nofile --sysctl-rm net.core.somaxconn --host-rm two --dns-option-rm ndots:2"),
    ),
    (
        "--secret word --secret source=word,target=again,uid=3,gid=4,mode=0400 --config conf "
        "--config source=conf,target=/etc/conf,mode=0440 --network net --network name=net2,alias=other {image}",
        ("--secret-rm word --config-rm conf --network-rm net2",
         "--secret-add source=word,target=third --config-add source=conf,target=/c --network-add name=net2,alias=z"),
    ),
    ("--network host --endpoint-mode dnsrr {image}", ("--endpoint-mode vip",)),
    ("--entrypoint 'sh -c' {image} 'echo $HOME'", ("--image localhost/other:2", "--force", "--replicas 5")),
)  # fmt: skip


async def services(engine: RemoteEngine) -> None:
    """In a swarm that is there already, and that ends afterwards with all it has."""
    root = str(engine.entry.address).removeprefix("unix://").removesuffix("/run/docker.sock")
    for kind, name in (("config", "conf"), ("secret", "word")):
        await engine.link.json("POST", f"/{kind}s/create", body={"Name": name, "Data": "eA=="})
    for name in ("net", "net2"):
        await engine.link.json("POST", "/networks/create", body={"Name": name, "Driver": "overlay"})
    wrong: list[str] = []
    for line, changes in _LINES:
        own = "--detach --no-resolve-image --name one " + line.replace("{image}", _IMAGE)
        said = [f"--detach --no-resolve-image {change} one" for change in changes]
        # One after the other: a port is one service's.
        theirs = [await _docker(engine, root, verb, words) for verb, words in _verbs(own, said)]
        await engine.swarm.remove_service("one")
        ours = [await _wherry(engine, verb, words) for verb, words in _verbs(own, said)]
        await engine.swarm.remove_service("one")
        for (verb, words), before, after in zip(_verbs(own, said), theirs, ours, strict=True):
            told = [f"{each.field} is {each.after} and not {each.before}" for each in changed_fields(before, after)]
            wrong += [f"{verb} {words}: {each}" for each in told]
    assert not wrong, "\n".join(wrong)


def _verbs(line: str, changes: list[str]) -> list[tuple[str, str]]:
    return [("create", line), *(("update", change) for change in changes)]


async def _docker(engine: RemoteEngine, root: str, verb: str, line: str) -> Any:
    """Docker's own client of the same root, which is as old as the engine. Gives the spec afterwards."""
    words = ["chroot", root, "docker", "-H", "unix:///run/docker.sock", "service", verb, *shlex.split(line)]
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 0, f"{line}: {said.decode()}"
    return await _spec(engine)


async def _wherry(engine: RemoteEngine, verb: str, line: str) -> Any:
    if verb == "create":
        given = creating.COMMANDS["service create"].parse(shlex.split(line))
        await engine.swarm.create(msgspec.convert(creating.service_of(given), CreateService))
    else:
        given = updating.COMMANDS["service update"].parse(shlex.split(line))
        await engine.swarm.update("one", msgspec.convert(updating.change_of(given), ChangeService))
    return await _spec(engine)


async def _spec(engine: RemoteEngine) -> Any:
    """Lists whose order says nothing are sorted: docker's client does so, at times."""
    spec = (await engine.link.json("GET", "/services/one"))["Spec"]
    inside = spec["TaskTemplate"]["ContainerSpec"]
    for holder, key in (
        (inside, "Env"), (inside, "Mounts"), (inside, "Configs"), (inside, "Secrets"), (inside, "Hosts"),
        (inside, "Groups"), (inside, "Ulimits"), (inside, "CapabilityAdd"), (inside, "CapabilityDrop"),
        (spec["TaskTemplate"].get("Placement") or {}, "Constraints"), (spec["TaskTemplate"], "Networks"),
        (spec.get("EndpointSpec") or {}, "Ports"),
    ):  # fmt: skip
        if holder.get(key):
            holder[key] = sorted(holder[key], key=lambda each: msgspec.json.encode(each, order="sorted"))
    return spec

"""The verbs of a swarm in docker's words, over a served fake engine whose machine manages one."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Protocol

import pytest

from engine.cli.main import main
from engine.cli.swarms.creating import COMMANDS as CREATE
from engine.cli.swarms.creating import service_of
from engine.cli.swarms.services import ports
from engine.cli.swarms.updating import COMMANDS as UPDATE
from engine.cli.swarms.updating import change_of
from tests.unit.api.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.stores import ShortTmp

FAR = "unix:///there.sock"


class Wherry(Protocol):
    def __call__(self, *words: str, code: int = 0) -> str: ...


@pytest.fixture
def wherry(short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Wherry]:
    """The fake's machine at this address manages the swarm that pictures show."""
    ready, done = threading.Event(), threading.Event()

    async def serve() -> None:
        async with serving(short_tmp.run):
            ready.set()
            await asyncio.get_running_loop().run_in_executor(None, done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="served")
    thread.start()
    assert ready.wait(10)
    monkeypatch.setenv("WHERRY_RUN", str(short_tmp.run))
    monkeypatch.setenv("WHERRY_HOST", FAR)

    def run(*words: str, code: int = 0) -> str:
        assert main(list(words)) == code, capfd.readouterr()
        captured = capfd.readouterr()
        return captured.out if code == 0 else captured.out + captured.err

    yield run
    done.set()
    thread.join(10)


def test_services_tasks_and_nodes_are_listed_as_docker_lists_them(wherry: Wherry) -> None:
    assert wherry("service", "ls") == (
        "ID        NAME       MODE         REPLICAS   IMAGE                               PORTS\n"
        "s1        shop_web   replicated   2/3        registry.example.org/shop/web:1.4   *:8080->80/tcp\n"
        "s2        shop_db    replicated   1/1        postgres:17                         \n"
        "s3        agent      global       2/2        example.org/agent:2                 \n"
    )
    assert wherry("stack", "ls") == "NAME      SERVICES\nshop      2\n"
    assert wherry("stack", "services", "shop", "-q").split() == ["s1", "s2"]
    assert "Rejected" in (told := wherry("service", "ps", "shop_web"))
    assert '"No such image: registry.examp…"' in told
    assert wherry("service", "ps", "shop_web", "-f", "node=bremen", "-q") == "t3\n"
    assert "node1 *" in (told := wherry("node", "ls"))
    assert "Drain" in told
    assert wherry("node", "ps", "hamburg", "--format", "{{.Name}}") == "agent.node2\n"
    assert wherry("config", "ls", "--format", "{{.Name}}") == "shop_nginx\n"
    assert wherry("secret", "ls", "-q") == "f-secret\n"


def test_services_are_scaled_updated_and_removed(wherry: Wherry) -> None:
    assert wherry("service", "scale", "-d", "shop_web=5") == "shop_web scaled to 5\n"
    assert wherry("service", "ls", "-f", "name=shop_web", "--format", "{{.Replicas}}") == "5/5\n"
    assert wherry("service", "update", "-d", "--image", "web:2", "shop_web") == "shop_web\n"
    assert wherry("service", "ls", "-f", "name=shop_web", "--format", "{{.Image}}") == "web:2\n"
    assert wherry("service", "rollback", "-d", "shop_web") == "shop_web\n"
    assert "one task on each node" in wherry("service", "scale", "-d", "agent=2", code=1)
    assert "nope not found" in wherry("service", "rm", "nope", "agent", code=1)
    assert "agent" not in wherry("service", "ls")
    assert wherry("node", "update", "--availability", "active", "node2") == "node2\n"
    assert "drain" in wherry("node", "update", "--availability", "sleep", "node2", code=1)
    assert wherry("stack", "rm", "shop") == "Removing service shop_web\n"


def test_a_stack_is_deployed_from_the_files_that_are_named(wherry: Wherry, tmp_path: Path) -> None:
    file = tmp_path / "compose.yml"
    file.write_text("services: {web: {image: x}}")

    assert wherry("stack", "deploy", "-c", str(file), "--dry-run", "shop") == (
        "create   network shop_default\ncreate   service shop_web\n"
    )
    assert wherry("stack", "deploy", "-c", str(file), "shop") == ""
    assert "always, changed or never" in wherry("stack", "deploy", "-c", str(file), "--resolve-image", "x", "s", code=1)


def test_nodes_are_promoted_and_demoted(wherry: Wherry) -> None:
    assert wherry("node", "promote", "hamburg", "berlin") == (
        "Node hamburg promoted to a manager in the swarm.\nNode berlin is already a manager.\n"
    )
    assert wherry("node", "ls", "-f", "role=manager", "-q").split() == ["node1", "node2"]
    assert wherry("node", "demote", "hamburg") == "Manager hamburg demoted in the swarm.\n"
    assert "no such node" in wherry("node", "promote", "nowhere", code=1)


def test_our_own_engine_refuses_in_a_sentence(wherry: Wherry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake's own room is a swarm's, so the machine's own answer is asked for: Docker's words for a node of none."""
    monkeypatch.delenv("WHERRY_HOST")

    assert "Swarm is not supported by Wherry" in wherry("service", "inspect", "x", code=1)


def test_ports_that_follow_each_other_are_one_entry() -> None:
    rows = [
        {"protocol": "udp", "published": 9001, "target": 91, "mode": "ingress"},
        {"protocol": "tcp", "published": 8080, "target": 80, "mode": "ingress"},
        {"protocol": "udp", "published": 9000, "target": 90, "mode": "ingress"},
        {"protocol": "tcp", "published": 8443, "target": 443, "mode": "host"},
    ]

    assert ports(rows) == "*:8080->80/tcp, *:9000-9001->90-91/udp"


def test_options_of_an_update_are_the_change_that_is_asked_for() -> None:
    words = (
        "--env-add A=1 --env-rm B --publish-add 80:8080/udp --publish-add published=1,target=2,mode=host "
        "--publish-rm 90/tcp --limit-memory 64m --limit-cpu 0.5 --replicas 3 --update-delay 2s --args 'a b' web"
    )
    import shlex

    found = change_of(UPDATE["service update"].parse(shlex.split(words)))

    assert found["words"] == {
        "environment": {"A": "1"},
        "ports": ["80:8080/udp", {"published": "1", "target": 2, "mode": "host"}],
        "deploy": {"resources": {"limits": {"cpus": "0.5", "memory": "64m"}}, "update_config": {"delay": "2s"}},
    }
    assert found["gone"] == {"TaskTemplate.ContainerSpec.Env": ["B"], "EndpointSpec.Ports": ["90/tcp"]}
    assert (found["replicas"], found["args"]) == (3, ["a", "b"])


def test_a_service_is_made_of_a_line_and_its_id_is_said(wherry: Wherry) -> None:
    line = "service create -d --name api --mode global -p 80:80 --with-registry-auth api:1 serve --all".split()
    assert wherry(*line) == "id-api\n"
    assert wherry("service", "ls", "-f", "name=api", "--format", "{{.Mode}} {{.Image}}") == "global api:1\n"
    assert "Unknown mode: x" in wherry("service", "create", "--mode", "x", "api:1", code=1)
    assert "replicas can only be used" in wherry(
        "service", "create", "--mode", "global", "--replicas", "2", "a", code=1
    )
    assert "not a whole number" in wherry("service", "create", "--health-retries", "many", "a", code=1)
    assert "unexpected key" in wherry("service", "create", "--mount", "dst=/a,what=1", "a", code=1)


def test_options_of_a_new_service_are_a_compose_files_words() -> None:
    import shlex

    line = (
        "--name web -e A=1 -l k=v --container-label c=d --secret source=s,target=t,mode=0400 --network name=n,alias=a "
        "--mount type=volume,src=v,dst=/v,volume-driver=x --health-cmd 'a b' --replicas 2 --restart-max-attempts 3 "
        "--ulimit nofile=1:2 --generic-resource gpu=2 --with-registry-auth image sh -c '$x'"
    )
    found = service_of(CREATE["service create"].parse(shlex.split(line)))

    assert (found["name"], found["with_login"], found["resolve_image"]) == ("web", True, True)
    assert found["volumes"] == {"v": {"driver": "x"}}
    words = found["words"]
    assert (words["image"], words["command"]) == ("image", ["sh", "-c", "$x"])
    assert (words["environment"], words["labels"]) == ({"A": "1"}, {"c": "d"})
    assert words["secrets"] == [{"target": "t", "source": "s", "mode": "0400"}]
    assert words["networks"] == {"n": {"aliases": ["a"]}}
    assert words["volumes"] == [{"type": "volume", "target": "/v", "source": "v"}]
    assert (words["healthcheck"], words["ulimits"]) == (
        {"test": ["CMD-SHELL", "a b"]},
        {"nofile": {"soft": 1, "hard": 2}},
    )
    assert words["deploy"]["replicas"] == 2
    assert words["deploy"]["restart_policy"] == {"max_attempts": 3}
    assert words["deploy"]["labels"] == {"k": "v"}

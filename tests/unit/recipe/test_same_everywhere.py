"""What is wrong is refused by the command line, the API and the window, and in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from engine.cli.containers.running import COMMANDS, create_body
from engine.recipe.body import load
from engine.recipe.crossing import spec_of
from engine.recipe.faults import Unreadable
from gui.presentation.containers.run_line import docker_run_line, parse_run_line
from resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable


def _translated() -> set[str]:
    catalogue = ElementTree.parse(resource("translations") / "wherry_de.ts")
    contexts = [each for each in catalogue.getroot().findall("context") if each.findtext("name") == "Recipe"]
    return {str(message.findtext("source")) for context in contexts for message in context.findall("message")}


TRANSLATED = _translated()


def said(act: Callable[[], object]) -> str:
    with pytest.raises(Unreadable) as caught:
        act()
    for fault in (caught.value, *(word for word in caught.value.words if isinstance(word, Unreadable))):
        assert fault.sentence in TRANSLATED, "the window could not say it in another language"
    return str(caught.value)


def on_the_command_line(*options: str) -> object:
    return create_body(COMMANDS["create"].parse([*options, "img"]), detach=True)


def in_the_window(*options: str) -> object:
    return parse_run_line(" ".join(["docker run", *options, "img"]))


def by_the_api(host: dict[str, Any]) -> object:
    return load({"Image": "img", "HostConfig": host})


WRONG: list[tuple[list[str], dict[str, Any]]] = [
    (["-v", "/a:/b:bogus"], {"Binds": ["/a:/b:bogus"]}),
    (["-v", "/a:/b:ro:x"], {"Binds": ["/a:/b:ro:x"]}),
    (["-v", "name:relative"], {"Binds": ["name:relative"]}),
    (["-v", "sp@ce:/b"], {"Binds": ["sp@ce:/b"]}),
    (["-v", "/a:/"], {"Binds": ["/a:/"]}),
    (["-v", "/a:/same", "-v", "/b:/same"], {"Binds": ["/a:/same", "/b:/same"]}),
    (["--tmpfs", "/t:foo"], {"Tmpfs": {"/t": "foo"}}),
    (["--tmpfs", "/t:size=lots"], {"Tmpfs": {"/t": "size=lots"}}),
    (["--tmpfs", "/t:mode=999"], {"Tmpfs": {"/t": "mode=999"}}),
    (["--tmpfs", "/t:uid=@"], {"Tmpfs": {"/t": "uid=@"}}),
    (
        ["--gpus", "driver=odd"],
        {"DeviceRequests": [{"Driver": "odd", "Capabilities": [["gpu"]]}]},
    ),
    (["--device-cgroup-rule", "x"], {"DeviceCgroupRules": ["x"]}),
    (["--memory-swappiness", "101"], {"MemorySwappiness": 101}),
    (["--mount", "type=odd,dst=/x"], {"Mounts": [{"Type": "odd", "Target": "/x"}]}),
    (["--userns", "bogus"], {"UsernsMode": "bogus"}),
    (["--pid", "bogus"], {"PidMode": "bogus"}),
    (["--ipc", "bogus"], {"IpcMode": "bogus"}),
    (["--uts", "container:x"], {"UTSMode": "container:x"}),
    (["--cgroupns", "bogus"], {"CgroupnsMode": "bogus"}),
    (["--restart", "sometimes"], {"RestartPolicy": {"Name": "sometimes"}}),
    (["--restart", "always:3"], {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 3}}),
    (["--add-host", "nowhere"], {"ExtraHosts": ["nowhere"]}),
    (["--oom-score-adj", "5000"], {"OomScoreAdj": 5000}),
    (["--cpu-shares", "-1"], {"CpuShares": -1}),
    (["--log-opt", "max-size=ten"], {"LogConfig": {"Config": {"max-size": "ten"}}}),
    (["--log-opt", "max-file=x"], {"LogConfig": {"Config": {"max-file": "x"}}}),
    (["--security-opt", "seccomp={no"], {"SecurityOpt": ["seccomp={no"]}),
]


@pytest.mark.parametrize(("options", "host"), WRONG)
def test_wrong_values_are_refused_in_the_same_words(options: list[str], host: dict[str, Any]) -> None:
    here = said(lambda: on_the_command_line(*options))
    assert said(lambda: in_the_window(*options)) == here
    assert said(lambda: by_the_api(host)) == here


ONLY_ON_LINES = [
    ["--memory", "lots"], ["--cpus", "x"], ["--shm-size", "1q"], ["-p", "80:x"], ["-p", "1-3:80-81"], ["-p", "80/icmp"],
    ["--expose", "0"], ["--health-interval", "5"], ["--ulimit", "nofile"], ["--device", "tty"], ["--sysctl", "alone"],
    ["--stop-timeout", "soon"], ["--restart", "on-failure:x"], ["-e", "=x"], ["--mount", "type=bind,dst=/x,src="],
    ["--mount", "dst=/x,odd=1"], ["--mount", "type=tmpfs,dst=/x,tmpfs-mode=9"], ["--nosuch", "x"], ["--name"],
    ["--device-read-bps", "sda:1m"], ["--label", "=x"], ["--env-file", "/nosuch/file"], ["--privileged=maybe"],
]  # fmt: skip


@pytest.mark.parametrize("options", ONLY_ON_LINES)
def test_wrong_options_too(options: list[str]) -> None:
    words = [*options] if options != ["--name"] else options
    if options == ["--name"]:
        assert said(lambda: COMMANDS["create"].parse(words)) == said(lambda: parse_run_line("docker run --name"))
        return
    assert said(lambda: on_the_command_line(*words)) == said(lambda: in_the_window(*words))


GRANTED: list[tuple[list[str], dict[str, Any]]] = [
    (["--runtime", "nvidia"], {"Runtime": "nvidia"}),
    (["--log-driver", "syslog"], {"LogConfig": {"Type": "syslog"}}),
    (["--security-opt", "apparmor=mine"], {"SecurityOpt": ["apparmor=mine"]}),
    (["--mount", "type=npipe,src=x,dst=/x"], {"Mounts": [{"Type": "npipe", "Source": "x", "Target": "/x"}]}),
]


@pytest.mark.parametrize(("options", "host"), GRANTED)
def test_what_cannot_be_granted_is_refused_by_those_who_cannot_ask(options: list[str], host: dict[str, Any]) -> None:
    """A program would have another container than it asked for; a person is told what of the line was left out."""
    assert "not supported by Wherry" in said(lambda: on_the_command_line(*options))
    assert "not supported by Wherry" in said(lambda: by_the_api(host))
    line = parse_run_line(" ".join(["docker run", *options, "img"]))
    assert line.ignored == (f"--{options[0].lstrip('-')} {options[1]}",)
    assert docker_run_line(line.spec) == "docker run -d \\\n    img"


def test_both_ways_make_the_same_recipe() -> None:
    lines = [
        "-it --rm -p 8080:80 -p 127.0.0.1::53/udp -e A=1 -l x=y --restart on-failure:3",
        "-v name:/data:ro -v /srv:/srv:rshared --tmpfs /run:size=64m --mount type=volume,src=v,dst=/v,volume-nocopy",
        "-m 512m --memory-swap -1 --cpus 1.5 --pids-limit -1 --device-read-bps /dev/sda:1m --ulimit nofile=1:2",
        "--network host --pid host --ipc private --cap-add net_admin --security-opt seccomp=unconfined",
        "--health-cmd true --health-interval 1m30s --stop-signal INT --stop-timeout 3 --expose 9-10/udp",
    ]
    for options in lines:
        sent = load(create_body(COMMANDS["create"].parse([*options.split(), "img"]), detach=True)).recipe
        assert spec_of(sent) == parse_run_line(f"docker run {options} img").spec

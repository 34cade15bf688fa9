"""The real docker command line, flag by flag: filters, formats, prunes, changes, archives, refusals."""

from __future__ import annotations

import asyncio
import io
import json
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.support.nasty_registry import answer, serve_nastily
from tests.support.registry import serve_registry
from tests.system.api.conftest import IMAGE
from tests.system.images.test_pull import BCRYPT_OF_SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.api.conftest import Tool


async def test_every_filter_of_ps(docker: Tool) -> None:
    await docker("network", "create", "n1")
    await docker(
        "run", "-d", "--name", "one", "-l", "a=b", "-v", "v1:/data", "-p", "127.0.0.1:0:80", IMAGE, "sleep", "99"
    )
    await docker("run", "-d", "--name", "two", "--network", "n1", "--health-cmd", "true", IMAGE, "sleep", "99")
    await docker("create", "--name", "three", "--expose", "81", IMAGE)
    await docker("run", "--name", "four", IMAGE, "sh", "-c", "exit 4", code=4)
    await docker("network", "connect", "n1", "one")
    port = (await docker("port", "one", "80")).strip().rpartition(":")[2]
    network, one = [(await docker("inspect", "-f", "{{.Id}}", name)).strip() for name in ("n1", "one")]
    for filter_, expected in (
        ("name=^/o", "one"),
        ("name=t", "three two"),
        (f"id={one[:10]}", "one"),
        ("label=a", "one"),
        ("label=a=c", ""),
        ("status=created", "three"),
        ("status=exited", "four"),
        ("exited=4", "four"),
        ("exited=0", ""),
        ("ancestor=localhost/busybox", "four one three two"),
        ("ancestor=nosuch", ""),
        ("before=two", "one"),
        ("since=two", "four three"),
        ("volume=v1", "one"),
        ("volume=/data", "one"),
        ("network=n1", "one two"),
        (f"network={network[:12]}", "one two"),
        ("network=bridge", "four one three"),
        (f"publish={port}", "one"),
        ("publish=80/tcp", "one"),
        ("publish=1-2", ""),
        ("expose=80-81", "one three"),
        ("health=none", "four one three"),
        ("is-task=true", ""),
    ):
        shown = await docker("ps", "-a", "--filter", filter_, "--format", "{{.Names}}")
        assert " ".join(sorted(shown.split())) == expected, filter_
    for wrong in ("nosuch=1", "status=odd", "exited=x"):
        assert "invalid" in await docker("ps", "--filter", wrong, code=1)
    fields = (
        '{{.ID}}|{{.Image}}|{{.Command}}|{{.State}}|{{.Names}}|{{.Labels}}|{{.Mounts}}|{{.LocalVolumes}}|{{.Label "a"}}'
    )
    row = (await docker("ps", "--no-trunc", "--filter", "name=one", "--format", fields)).strip()
    assert row == f'{one}|localhost/busybox|"sleep 99"|running|one|a=b|v1|1|b' or row.split("|")[1] == IMAGE
    assert (await docker("ps", "-lq")).strip() == (await docker("ps", "-aq", "--filter", "name=four")).strip()
    assert len((await docker("ps", "-n", "2", "-q")).split()) == 2
    sizes = json.loads(await docker("inspect", "-s", "one"))[0]
    assert sizes["SizeRootFs"] >= sizes["SizeRw"] >= 0


async def test_two_services_with_a_range_of_ports_started_together(docker: Tool) -> None:
    for name in ("a", "b", "c"):
        await docker("create", "--name", name, "-p", "127.0.0.1:18640-18660:80", IMAGE, "sleep", "99")
    for _ in range(4):
        await asyncio.gather(*(docker("restart", "-t", "0", name) for name in ("a", "b", "c")))
        assert len({(await docker("port", name, "80")).strip() for name in ("a", "b", "c")}) == 3


async def test_a_network_cannot_have_a_name_that_means_another(docker: Tool) -> None:
    for name in ("bridge", "host", "none", "default"):
        assert f"operation is not permitted on predefined {name} network" in await docker(
            "network", "create", name, code=1
        )


async def test_a_commit_names_its_parent_and_ancestor_finds_descendants(docker: Tool) -> None:
    await docker("run", "--name", "c1", IMAGE, "touch", "/made")
    await docker("commit", "c1", "child")
    await docker("run", "-d", "--name", "c2", "child", "sleep", "99")
    parent = (await docker("inspect", "-f", "{{.Parent}}", "child")).strip()
    base = (await docker("inspect", "-f", "{{.Id}}", IMAGE)).strip()
    assert parent == base
    for image, expected in ((IMAGE, "c1 c2"), ("child", "c2"), (base[7:19], "c1 c2")):
        shown = await docker("ps", "-a", "--filter", f"ancestor={image}", "--format", "{{.Names}}")
        assert " ".join(sorted(shown.split())) == expected, image


async def test_rmi_of_a_repository_s_last_tag_takes_its_digest_along(docker: Tool, tmp_path: Path) -> None:
    place = tmp_path / "registry"
    place.mkdir()
    with serve_registry(place) as registry:
        await docker("tag", IMAGE, f"{registry.host}/a:1")
        await docker("push", f"{registry.host}/a:1")
        await docker("tag", IMAGE, "other:1")
        await docker("rmi", IMAGE)
        told = await docker("rmi", f"{registry.host}/a:1")
        assert told.count("Untagged") == 2, "the tag and its digest"
        left = (await docker("image", "inspect", "-f", "{{.RepoTags}} {{.RepoDigests}}", "other:1")).strip()
        assert left == "[other:1] []"


async def test_ports_of_a_range_and_networks_of_a_container_that_never_ran(docker: Tool) -> None:
    for name in ("a", "b"):
        await docker("run", "-d", "--name", name, "-p", "127.0.0.1:18600-18620:80", IMAGE, "sleep", "99")
    taken = [(await docker("port", name, "80")).strip() for name in ("a", "b")]
    assert len(set(taken)) == 2
    assert all(18600 <= int(text.rpartition(":")[2]) <= 18620 for text in taken)
    await docker("network", "create", "n1")
    await docker("create", "--name", "c", IMAGE, "sleep", "99")
    await docker("network", "connect", "--alias", "other", "n1", "c")
    await docker("network", "disconnect", "bridge", "c")
    assert list(json.loads(await docker("inspect", "-f", "{{json .NetworkSettings.Networks}}", "c"))) == ["n1"]
    await docker("network", "disconnect", "n1", "c")
    assert "is not connected to network n1" in await docker("network", "disconnect", "n1", "c", code=1)
    await docker("network", "connect", "n1", "c")
    await docker("start", "c")
    assert json.loads(await docker("network", "inspect", "n1"))[0]["Containers"]
    assert "has active endpoints" in await docker("network", "rm", "n1", code=1)


async def test_prunes_with_filters(docker: Tool) -> None:
    async def left(noun: str) -> set[str]:
        shown = await docker(noun, "ls", "--format", "{{.Name}}")
        return set(shown.split()) - {"bridge", "host", "none"}

    for noun in ("volume", "network"):
        await docker(noun, "create", "--label", "keep=1", "kept")
        await docker(noun, "create", "other")
    await docker("volume", "create")
    await docker("volume", "prune", "-f")
    version = await docker("version", "--format", "{{.Client.APIVersion}}")
    if [int(part) for part in version.split(".")] < [1, 42]:  # then it still meant all, the named ones too
        assert await left("volume") == set()
        await docker("volume", "create", "--label", "keep=1", "kept")
        await docker("volume", "create", "other")
    assert await left("volume") == {"kept", "other"}
    await docker("volume", "prune", "-f", "--filter", "all=true", "--filter", "label!=keep")
    assert await left("volume") == {"kept"}
    assert "kept" in await docker("volume", "prune", "-f", "--filter", "all=true", "--filter", "label=keep=1")
    await docker("network", "prune", "-f", "--filter", "until=10m")
    assert await left("network") == {"kept", "other"}
    await docker("network", "prune", "-f", "--filter", "label!=keep")
    assert await left("network") == {"kept"}
    await docker("create", "--name", "c", "-l", "x=y", IMAGE)
    await docker("container", "prune", "-f", "--filter", "until=10m")
    await docker("container", "prune", "-f", "--filter", "label!=x")
    assert await docker("ps", "-aq") != ""
    await docker("system", "prune", "-f", "--filter", "label=x=y")
    assert await docker("ps", "-aq") == ""
    await docker("image", "prune", "-af", "--filter", "label=nosuch")
    assert await docker("images", "-q", IMAGE) != ""
    await docker("builder", "prune", "-f", "--filter", "until=24h")
    await docker("image", "prune", "-af", "--filter", "until=1h")  # it is years old
    assert await docker("images", "-q") == ""
    assert "Build Cache" in await docker("system", "df")
    assert "CACHE ID" in await docker("system", "df", "-v")


async def test_changes_of_a_commit_and_an_import(docker: Tool, tmp_path: Path) -> None:
    await docker("create", "--name", "c1", IMAGE, "sh")
    changes = [
        'CMD ["a", "b"]', 'ENV X=1 Y="2 3"', "LABEL l=1", "EXPOSE 80", "WORKDIR /w", "USER 3", "VOLUME /vv",
        'ENTRYPOINT ["/e"]', "ONBUILD RUN x", "HEALTHCHECK CMD true", "STOPSIGNAL INT",
    ]  # fmt: skip
    flags = [word for change in changes for word in ("--change", change)]
    await docker("commit", "-m", "why", "-a", "who", *flags, "c1", "com:1")
    image = json.loads(await docker("image", "inspect", "com:1"))[0]
    config = image["Config"]
    assert (image["Comment"], image["Author"]) == ("why", "who")
    assert (config["Cmd"], config["Entrypoint"], config["User"]) == (["a", "b"], ["/e"], "3")
    assert config["Env"][-2:] == ["X=1", "Y=2 3"]
    assert (config["WorkingDir"], config["StopSignal"], config["OnBuild"]) == ("/w", "INT", ["RUN x"])
    assert (list(config["ExposedPorts"]), list(config["Volumes"])) == (["80/tcp"], ["/vv"])
    for wrong in ("RUN x", "NOSUCH x"):
        assert "line 1" in await docker("commit", "--change", wrong, "c1", code=1)
    await docker("export", "-o", str(tmp_path / "tree.tar"), "c1")
    await docker(
        "import", "-c", 'CMD ["sh"]', "-c", "ENV A=1", "-", "imp:1", input=(tmp_path / "tree.tar").read_bytes()
    )
    config = json.loads(await docker("image", "inspect", "imp:1"))[0]["Config"]
    assert (config["Cmd"], config["Env"]) == (["sh"], ["A=1"])
    assert "could not be fetched" in await docker("import", "http://127.0.0.1:9/x.tar", code=1)
    await docker("save", "-o", str(tmp_path / "saved.tar"), "com:1", "imp:1", IMAGE)
    assert "No such image" in await docker("save", "-o", str(tmp_path / "x"), "nosuch", code=1)
    await docker("rmi", "com:1", "imp:1")
    loaded = await docker("load", "-q", "-i", str(tmp_path / "saved.tar"))
    assert loaded.split() == ["Loaded", "image:", "com:1", "Loaded", "image:", "imp:1", "Loaded", "image:", IMAGE]
    assert "not an image archive" in await docker("load", input=b"rubbish" * 300, code=1)


async def test_tars_through_the_pipe(docker: Tool) -> None:
    await docker("run", "-d", "--name", "c1", IMAGE, "sleep", "99")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("dir/file")
        info.size, info.uid, info.gid = 4, 33, 44
        archive.addfile(info, io.BytesIO(b"text"))
    await docker("cp", "-a", "-", "c1:/tmp", input=buffer.getvalue())
    assert await docker("exec", "c1", "stat", "-c", "%u:%g", "/tmp/dir/file") == "33:44\n"
    given = await docker("cp", "c1:/tmp/dir", "-")
    with tarfile.open(fileobj=io.BytesIO(given.encode())) as archive:
        assert archive.getnames() == ["dir", "dir/file"]
    await docker("exec", "c1", "ln", "-s", "dir/file", "/tmp/link")
    followed = await docker("cp", "-L", "c1:/tmp/link", "-")
    with tarfile.open(fileobj=io.BytesIO(followed.encode())) as archive:
        assert [member.isreg() for member in archive] == [True]
    assert "archive" in await docker("cp", "-", "c1:/tmp", input=b"junk", code=1)


async def test_update_by_every_flag(docker: Tool) -> None:
    await docker("run", "-d", "--name", "c1", IMAGE, "sleep", "99")
    await docker(
        "update", "--cpus", "0.5", "-m", "64m", "--memory-swap", "128m", "--memory-reservation", "32m",
        "--pids-limit", "30",
        "--restart", "on-failure:3", "--cpu-shares", "512", "--cpuset-cpus", "0", "--blkio-weight", "300", "c1",
    )  # fmt: skip
    host = json.loads(await docker("inspect", "-f", "{{json .HostConfig}}", "c1"))
    assert (host["NanoCpus"], host["Memory"], host["MemorySwap"]) == (500_000_000, 64 << 20, 128 << 20)
    assert (host["MemoryReservation"], host["PidsLimit"], host["CpuShares"]) == (32 << 20, 30, 512)
    assert (host["CpusetCpus"], host["BlkioWeight"]) == ("0", 300)
    assert host["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    assert "KernelMemory is not supported" in await docker("update", "--kernel-memory", "50m", "c1", code=1)
    assert "real-time" in await docker("update", "--cpu-rt-period", "10", "c1", code=1)
    stats = "{{.Name}} {{.PIDs}} {{.CPUPerc}} {{.MemUsage}} {{.NetIO}} {{.BlockIO}} {{.MemPerc}}"
    name, pids, cpu, *_ = (await docker("stats", "--no-stream", "--format", stats, "c1")).split()
    assert (name, pids) == ("c1", "1")
    assert cpu.endswith("%")
    for options, titles in (
        (("-o", "pid,comm"), "PID COMMAND"),
        (("aux",), "USER PID"),
        (("-eo", "args,pid"), "COMMAND PID"),
    ):
        top = await docker("top", "c1", *options)
        assert " ".join(top.split()).startswith(titles)
        assert "sleep" in top


async def test_events_of_the_past(docker: Tool) -> None:
    await docker("run", "--name", "c1", "-l", "a=b", IMAGE, "sh", "-c", "exit 3", code=3)
    await docker("volume", "create", "v1")
    await docker("tag", IMAGE, "other:1")
    await docker("rm", "c1")

    async def past(*filters: str) -> str:
        flags = [word for each in filters for word in ("--filter", each)]
        form = "{{.Type}}.{{.Action}}"
        shown = await docker("events", "--since", "1h", "--until", "0s", "--format", form, *flags)
        return " ".join(shown.split())

    deadline = asyncio.get_running_loop().time() + 30
    while "destroy" not in await past("container=c1"):  # docker cuts "now" to the whole second
        assert asyncio.get_running_loop().time() < deadline
    life = (await past("container=c1", "type=container")).split()
    assert [word for word in life if "attach" not in word and "resize" not in word] == [
        "container.create", "container.start", "container.die", "container.destroy",
    ]  # fmt: skip
    assert await past("event=die", "label=a=b") == "container.die"
    assert await past("type=volume", "event=create") == "volume.create"
    assert "image.tag" in await past("type=image")
    assert await past("event=die", "label=nosuch") == ""
    code = await docker(
        "events",
        "--since",
        "1h",
        "--until",
        "0s",
        "--filter",
        "event=die",
        "--format",
        "{{.Actor.Attributes.exitCode}}",
    )
    assert code == "3\n"
    assert "invalid filter" in await docker("events", "--until", "0s", "--filter", "nosuch=1", code=1)


async def test_login_and_private_bases(docker: Tool, tmp_path: Path) -> None:
    place = tmp_path / "registry"
    place.mkdir()
    with serve_registry(place, htpasswd=BCRYPT_OF_SECRET, username="me", password="secret") as registry:
        name = f"{registry.host}/private:1"
        await docker("tag", IMAGE, name)
        assert "Login Succeeded" in await docker(
            "login", "-u", "me", "--password-stdin", registry.host, input=b"secret"
        )
        await docker("push", name)
        await docker("rmi", name)
        wrong = await docker("login", "-u", "me", "--password-stdin", registry.host, input=b"wrong", code=1)
        assert "authentication required" in wrong.lower()
        await docker("pull", name)
        await docker("rmi", name)
        (tmp_path / "Dockerfile").write_text(f"FROM {name}\nRUN true\n")
        assert "Successfully built" in await docker("build", "-", input=(tmp_path / "Dockerfile").read_bytes())
        assert "Removing login" in await docker("logout", registry.host)


async def test_a_dockerfile_from_elsewhere(docker: Tool, tmp_path: Path) -> None:
    """docker adds it to the context by itself, and leaves out what ends an archive."""
    docker.environment["DOCKER_BUILDKIT"] = "0"
    context = tmp_path / "context"
    context.mkdir()
    (context / "file").write_text("text")
    recipe = f"FROM {IMAGE}\nCOPY file /file\nCMD cat /file\n"
    (tmp_path / "Elsewhere").write_text(recipe)
    told = await docker("build", "-q", "-t", "one", "-f", str(tmp_path / "Elsewhere"), str(context))
    assert told.startswith("sha256:")
    assert "Successfully tagged two:latest" in await docker(
        "build", "-t", "two", "-f", "-", str(context), input=recipe.encode()
    )
    assert await docker("run", "--rm", "two") == "text"
    assert "nosuch" in await docker("build", "-", input=b"FROM 127.0.0.1:9/nosuch\n", code=1)
    assert "cannot be empty" in await docker("build", "-", input=b"\n", code=1)


async def test_search(docker: Tool) -> None:
    rows = [
        {"name": "good", "description": "a thing", "star_count": 7, "is_official": True},
        {"name": "\x1b[31mred", "description": "x" * 5000, "star_count": 1, "is_official": False},
    ]
    async with serve_nastily() as registry:
        registry.routes["/v1/search"] = answer(json.dumps({"results": rows}).encode(), Content_Type="application/json")
        registry.routes["/v2/"] = answer(b"{}")
        found = await docker("search", "--format", "{{.Name}} {{.StarCount}} {{.IsOfficial}}", f"{registry.host}/thing")
        assert found.split()[0].endswith("good")
        assert found.split()[1:3] == ["7", "[OK]"]
        only = await docker("search", "--filter", "stars=3", "--format", "{{.Name}}", f"{registry.host}/thing")
        assert len(only.split()) == 1
        for rubbish in (b"no json", b'{"results": 7}', b"[" * 100_000):
            registry.routes["/v1/search"] = answer(rubbish)
            found = await docker("search", "--format", "{{.Name}}", f"{registry.host}/thing")
            assert found == ""  # as from a registry that has no search and no such repository


async def test_waiting_and_detaching(docker: Tool) -> None:
    await docker("run", "-d", "--name", "c1", "-it", "--detach-keys", "ctrl-a,x", IMAGE, "sh")
    async with docker.terminal("exec", "-it", "--detach-keys", "ctrl-e,q", "c1", "sh") as terminal:
        await terminal.until("# ")
        terminal.type("echo $((6*7))x\n")
        await terminal.until("42x")
        terminal.type("\x05q")
        assert await terminal.code() in (0, 1)
    assert await docker("inspect", "-f", "{{.State.Running}}", "c1") == "true\n"
    waiting = await docker.start("wait", "c1")
    await docker("kill", "c1")
    out, _ = await asyncio.wait_for(waiting.communicate(), 20)
    assert out == b"137\n"
    assert await docker("wait", "c1") == "137\n"


async def test_refusals_have_docker_s_codes_and_name_the_reason(docker: Tool) -> None:
    await docker("run", "-d", "--name", "c1", IMAGE, "sleep", "99")
    for words, code, expected in (
        (("kill", "-s", "NOPE", "c1"), 1, "invalid signal: NOPE"),
        (("kill", "-s", "0", "c1"), 1, "invalid signal: 0"),
        (("exec", "-u", "nosuch", "c1", "true"), 126, "nosuch"),
        (("exec", "-w", "/nosuch", "c1", "true"), 126, "/nosuch"),
        (("exec", "c1", "/etc/passwd"), 126, "permission denied"),
        (("exec", "c1", "nosuch"), 127, "not found"),
        (("run", "--rm", IMAGE, "/etc/passwd"), 126, "permission denied"),
        (("run", "--rm", IMAGE, "nosuch"), 127, "not found"),
        (("run", "--rm", "-u", "nosuch", IMAGE), 125, "nosuch"),
        (("run", "--memory", "1k", IMAGE), 125, "Minimum memory limit allowed is 6MB"),
        (("run", "--gpus", "all", IMAGE), 125, "nvidia-ctk cdi generate"),
        (("run", "--storage-opt", "size=1g", IMAGE), 125, "not supported"),
        (("rm", "c1"), 1, "running"),
        (("rmi", IMAGE), 1, "conflict: unable to delete "),
        (("run", "--rm", "-u", "nosuch", IMAGE), 125, "unable to find user nosuch: no matching entries in passwd file"),
        (("run", "--rm", IMAGE, "nosuch"), 127, 'exec: "nosuch": executable file not found in $PATH'),
        (("exec", "c1", "nosuch"), 127, 'OCI runtime exec failed: exec failed: exec: "nosuch": executable file not'),
        (("rename", "c1", "bad name"), 1, "Invalid container name"),
        (("top", "c1", "-o", "nosuch"), 1, "'nosuch'"),
        (("network", "rm", "bridge"), 1, "pre-defined"),
        (("network", "connect", "nosuch", "c1"), 1, "network nosuch not found"),
        (("volume", "rm", "nosuch"), 1, "no such volume"),
        (("start", "nosuch"), 1, "No such container"),
    ):
        assert expected in await docker(*words, code=code), words


async def test_both_unfinished_lines_are_in_the_log(docker: Tool) -> None:
    await docker("run", "--name", "halves", IMAGE, "sh", "-c", "printf out; printf err >&2")
    for _ in range(3):
        done = await docker.try_("logs", "halves")
        assert (done.out, done.err) == ("out", "err")
    done = await docker.try_("logs", "-f", "halves")
    assert (done.out, done.err) == ("out", "err")


async def test_an_image_for_another_machine_is_not_run_in_its_place(docker: Tool) -> None:
    other = "riscv64" if os.uname().machine != "riscv64" else "s390x"
    done = await docker.try_("run", "--pull", "never", "--platform", f"linux/{other}", IMAGE, "true")
    assert done.code == 125
    assert f"does not match the specified platform: wanted linux/{other}" in done.err
    assert await docker("run", "--rm", "--platform", "linux", IMAGE, "echo", "fits") == "fits\n"


@pytest.mark.parametrize(
    "words",
    [
        ("--network", "nowhere"),
        ("--network", "container:nobody"),
        ("--network", "here", "--link", "nobody:there"),
        ("--volumes-from", "nobody"),
        ("--pid", "container:nobody"),
    ],
)
async def test_what_is_missing_besides_the_image_pulls_no_image(docker: Tool, words: tuple[str, ...]) -> None:
    await docker("network", "create", "here")
    done = await docker.try_("create", *words, IMAGE, "true")
    assert done.code != 0
    assert "Unable to find image" not in done.err, done.err
    assert ("nowhere" if "nowhere" in words else "nobody") in done.err
    await docker("network", "rm", "here")


async def test_networks_and_volumes_that_cannot_be_as_asked(docker: Tool) -> None:
    await docker("network", "create", "n1")
    await docker("run", "-d", "--name", "c1", "--network", "n1", "-v", "vol:/v", IMAGE, "sleep", "99")
    for words, expected in (
        (("network", "create", "n1"), "network with name n1 already exists"),
        (("network", "rm", "n1"), "network n1 has active endpoints"),
        (("network", "disconnect", "bridge", "c1"), "is not connected to network"),
        (("network", "ls", "--filter", "type=foo"), "invalid filter: 'type'='foo'"),
        (("volume", "rm", "vol"), "remove vol: volume is in use - ["),
        (("volume", "create", "b/d"), 'create b/d: "b/d" includes invalid characters for a local volume name'),
        (("run", "--name", "c1", IMAGE), 'Conflict. The container name "/c1" is already in use by container "'),
        (("rm", "c1"), 'cannot remove container "c1": container is running: stop the container before removing'),
        (("unpause", "c1"), "is not paused"),
    ):
        done = await docker.try_(*words)
        assert done.code != 0
        assert expected in done.err, words


async def test_a_container_knows_that_it_is_one_and_what_is_mounted(docker: Tool) -> None:
    """`/.dockerenv` and `/etc/mtab`, which are no changes; what the image has there stays."""
    await docker("run", "--name", "c1", IMAGE, "sh", "-c", "test -f /.dockerenv && grep ' / ' /etc/mtab")
    assert (await docker("diff", "c1")).strip() == ""
    await docker("run", "--name", "c2", IMAGE, "sh", "-c", "rm /etc/mtab /.dockerenv; echo mine > /etc/mtab")
    await docker("commit", "c2", "own")
    assert await docker("run", "--rm", "own", "cat", "/etc/mtab") == "mine\n"
    assert await docker("start", "-a", "c2") == ""
    trap = "FROM scratch\nCOPY --from=own /bin /bin\nRUN ln -s /bin /etc\n"
    await docker("build", "-t", "trap", "-", input=trap.encode())
    await docker("run", "--name", "c3", "trap", "sh", "-c", "! test -e /bin/mtab")


async def test_a_renamed_container_is_found_by_its_new_name(docker: Tool) -> None:
    await docker("network", "create", "n1")
    await docker("run", "-d", "--name", "old", "--network", "n1", IMAGE, "sleep", "99")
    await docker("run", "-d", "--name", "other", "--network", "n1", IMAGE, "sleep", "99")
    await docker("rename", "old", "new")
    assert "Name:" in await docker("exec", "other", "nslookup", "new")
    assert "NXDOMAIN" in await docker("exec", "other", "nslookup", "old", code=1)
    members = json.loads(await docker("network", "inspect", "n1"))[0]["Containers"]
    assert sorted(each["Name"] for each in members.values()) == ["new", "other"]


async def test_publishing_everything_stands_in_the_inspection(docker: Tool) -> None:
    await docker("create", "--name", "c1", "-P", "--expose", "80", IMAGE)
    assert json.loads(await docker("inspect", "c1"))[0]["HostConfig"]["PublishAllPorts"] is True
    await docker("start", "c1")
    await docker("run", "-d", "--name", "c2", "-P", "--expose", "80", IMAGE, "sleep", "99")
    assert (await docker("port", "c2", "80")).strip().rpartition(":")[2].isdigit()
    assert len((await docker("port", "c2")).splitlines()) == 1


async def test_a_program_reads_its_limits_in_its_own_control_groups(docker: Tool) -> None:
    """Of either version: what sizes itself by its memory finds no more than it may have, and cannot change it."""
    paths = "/sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes"
    script = f"cat {paths} 2>/dev/null; for f in {paths}; do echo 1 > $f; done"
    done = await docker.try_("run", "--rm", "-m", "64m", IMAGE, "sh", "-c", script)
    assert done.out.split() == [str(64 << 20)]
    assert "Read-only file system" in done.err

"""`docker build` of today: docker's own command line with its build plugin, unmodified, on this engine's socket."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import tarfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.types.builds import BuildImage
from tests.support.registry import serve_registry
from tests.system.api.conftest import IMAGE, Tool, tool

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from tests.support.registry import Registry
    from tests.support.stores import ShortTmp

PLUGINS = (
    Path(__file__).parents[3] / ".venv/peers/usr/libexec/docker/cli-plugins",
    Path("/usr/libexec/docker/cli-plugins"),
    Path("/usr/lib/docker/cli-plugins"),
)

DOCKERFILE = f"""\
ARG V=1
FROM {IMAGE} AS base
FROM base AS work
ARG V
RUN echo hello $V; echo err >&2
FROM base AS sec
RUN --mount=type=secret,id=tok cat /run/secrets/tok > /tok
FROM base AS named
COPY --from=nctx note /note
FROM base AS fail
RUN echo before; \\
    ls /nonexistent
FROM work AS last
COPY Dockerfile /Dockerfile
WORKDIR /w
"""


@pytest.fixture
def build(served: EmbeddedEngine, short_tmp: ShortTmp, tmp_path: Path) -> Tool:
    """`docker build --progress plain`, in a directory with a Dockerfile of many stages."""
    plugins = next((str(place) for place in PLUGINS if (place / "docker-buildx").exists()), "")
    assert plugins, "docker's build plugin is not here: packaging/setup test fetches it"
    config = tmp_path / "config"
    config.mkdir()
    (config / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": [plugins]}))
    work = tmp_path / "work"
    work.mkdir()
    (work / "Dockerfile").write_text(DOCKERFILE)
    made = tool("docker", "docker", short_tmp.run / "docker.sock", work, "buildx")
    made.environment["DOCKER_CONFIG"] = str(config)
    made.environment["BUILDX_CONFIG"] = str(config / "buildx")
    made.argv += ["build", "--progress", "plain"]
    return made


async def plain(build: Tool, *words: str) -> str:
    """Another of docker's verbs."""
    other = Tool(build.argv[:1], build.environment, build.directory)
    return await other(*words)


async def build_x(build: Tool, *words: str) -> str:
    return await plain(build, "buildx", *words)


async def said(build: Tool, *words: str, input: bytes = b"", code: int = 0) -> str:
    done = await build.try_(*words, input=input)
    assert done.code == code, done
    return done.out + done.err


async def test_a_build_gives_an_image_and_the_next_one_is_cached(build: Tool, served: EmbeddedEngine) -> None:
    first = await said(build, "-t", "t1", ".")
    assert "naming to docker.io/library/t1:latest done" in first
    assert "hello 1" in first
    image = await served.images.get("t1")
    assert image.config.workdir == "/w"

    second = await said(build, "-t", "t1", "--iidfile", "iid", "--metadata-file", "meta", ".")
    assert second.count("CACHED") >= 3
    assert (build.directory / "iid").read_text() == image.id
    assert json.loads((build.directory / "meta").read_text())["containerimage.digest"] == image.id


async def test_a_quiet_build_says_the_image_and_nothing_else(build: Tool, served: EmbeddedEngine) -> None:
    del build.argv[-2:]  # who wants it quiet wants no progress
    done = await build.try_("-q", "-t", "t1", ".")
    assert (done.code, done.out, done.err) == (0, (await served.images.get("t1")).id + "\n", "")


async def test_arguments_targets_labels_and_several_names(build: Tool, served: EmbeddedEngine) -> None:
    out = await said(
        build, "--build-arg", "V=9", "--target", "work", "--label", "x=y", "--add-host", "b=host-gateway",
        "--network", "none", "-t", "a/b:c", "-t", "d", ".",
    )  # fmt: skip
    assert "hello 9" in out
    assert (await served.images.get("a/b:c")).id == (await served.images.get("d")).id
    assert (await served.images.get("d")).config.labels["x"] == "y"


async def test_only_the_named_stage_is_built_anew(build: Tool) -> None:
    await said(build, ".")
    out = await said(build, "--no-cache-filter", "work", ".")
    assert "hello 1" in out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--target", "nope", "."], 'target stage "nope" could not be found'),
        (["-f", "Nope", "."], "failed to read dockerfile"),
        (["--target", "fail", "."], "exit code: 1"),
        (["--allow", "security.insecure", "."], "is not allowed by build daemon configuration"),
    ],
)
async def test_what_fails_says_so_in_the_words_people_search_for(build: Tool, words: list[str], expected: str) -> None:
    assert expected in await said(build, *words, code=1)


async def test_a_failing_step_is_shown_with_its_lines(build: Tool) -> None:
    out = await said(build, "--target", "fail", ".", code=1)
    assert ">>> RUN echo before" in out
    assert ">>>     ls /nonexistent" in out
    assert "before" in out


@pytest.mark.parametrize(
    ("recipe", "marked", "said_besides"),
    [
        (f"FROM {IMAGE}\nRUN <<E\nfalse\nE\n", ["RUN <<E", "false", "E"], "exit code: 1"),
        ("FROM localhost:1/none:x\n", ["FROM localhost:1/none:x"], "localhost:1/none:x"),
    ],
    ids=["here-document", "no such image"],
)
async def test_what_fails_is_marked_where_it_stands(
    build: Tool, recipe: str, marked: list[str], said_besides: str
) -> None:
    out = await said(build, "-f", "-", ".", input=recipe.encode(), code=1)
    assert [line.partition(">>> ")[2] for line in out.splitlines() if ">>> " in line] == marked
    assert said_besides in out


async def test_a_line_that_is_no_instruction_is_marked(build: Tool) -> None:
    out = await said(build, "-f", "-", ".", input=b"# c\nRUNN foo\n", code=1)
    assert "dockerfile parse error on line 2" in out
    assert ">>> RUNN foo" in out


async def test_the_dockerfile_and_the_context_come_from_the_pipe(build: Tool) -> None:
    await said(build, "-f", "-", ".", input=f"FROM {IMAGE}\nCOPY Dockerfile /\n".encode())
    await said(build, "-", input=f"FROM {IMAGE}\nRUN true\n".encode())
    (build.directory / "big").write_bytes(os.urandom(3 << 20))
    archive = build.directory.parent / "context.tar"
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as tar:
        tar.add(build.directory, ".")
    await said(build, "-", input=archive.read_bytes())


async def test_a_dockerfile_that_is_no_text_holds_nobody_up(build: Tool, served: EmbeddedEngine) -> None:
    out = await said(build, "-", input=b"FROM x\n\0" + os.urandom(3 << 20), code=1)
    assert "NUL" in out
    assert (await served.host.facts()).root


async def test_ignore_rules_and_files_given_back(build: Tool) -> None:
    (build.directory / "keep").mkdir()
    (build.directory / "keep/yes").write_text("yes")
    (build.directory / "keep/no").write_text("no")
    (build.directory / ".dockerignore").write_text("*\n!keep\nkeep/no\n")
    await said(build, "-f", "-", "-o", "out", ".", input=b"FROM scratch\nCOPY . /\n")
    out = build.directory / "out"
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*")) == ["keep", "keep/yes"]
    assert (out / "keep/yes").read_text() == "yes"

    await said(build, "-f", "-", "-o", "type=tar,dest=t.tar", ".", input=b"FROM scratch\nCOPY . /\n")
    with tarfile.open(build.directory / "t.tar") as tar:
        assert "keep/yes" in {name.removeprefix("./") for name in tar.getnames()}


async def test_a_dockerfile_that_is_elsewhere_brings_its_own_ignore_rules(build: Tool) -> None:
    other = build.directory.parent / "other"
    other.mkdir()
    (other / "Own").write_text("FROM scratch\nCOPY . /\n")
    (other / "Own.dockerignore").write_text("*\n!Dockerfile\n")
    (build.directory / "more").write_text("more")
    await said(build, "-f", "../other/Own", "-o", "out", ".")
    assert os.listdir(build.directory / "out") == ["Dockerfile"]


async def test_a_dockerfile_that_is_ignored_builds_and_is_not_copied(build: Tool) -> None:
    (build.directory / ".dockerignore").write_text("Dockerfile\n")
    await said(build, "--target", "work", ".")
    assert '"/Dockerfile": not found' in await said(build, ".", code=1)


async def test_whatever_names_a_directory_has_all_of_it_arrives_and_what_goes_is_gone(build: Tool) -> None:
    """A list has an order that no sorting of whole paths has: what is in `d` comes before `d-e` and `d.txt`."""
    work = build.directory / "odd"
    names = ["d/x", "d.txt", "d-e/y", "d e", "D", "\u00e9", "d/x.y/z", "d/x-y", "d/x0", "\U0001f600/a"]
    for name in names:
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(name)
    os.link(work / "d/x", work / "d/link")
    recipe = b"FROM scratch\nCOPY . /\n"

    async def arrived() -> set[str]:
        await said(build, "-f", "-", "-o", "out", "odd", input=recipe)
        out = build.directory / "out"
        found = {str(each.relative_to(out)) for each in out.rglob("*") if each.is_file()}
        assert all((out / each).read_text() == (work / each).read_text() for each in found)
        shutil.rmtree(out)
        return found

    assert await arrived() == {*names, "d/link"}
    for name in ("d/x", "d.txt", "\u00e9"):
        (work / name).unlink()
    assert await arrived() == {*names, "d/link"} - {"d/x", "d.txt", "\u00e9"}


async def test_what_changed_is_all_that_is_sent(build: Tool) -> None:
    (build.directory / "big").write_bytes(os.urandom(2 << 20))
    words = ("-f", "-", "-t", "sent", ".")
    recipe = f"FROM {IMAGE}\nCOPY . /all\n".encode()
    assert "2.1" in _sent(await said(build, *words, input=recipe))
    assert "MB" not in _sent(await said(build, *words, input=recipe))
    (build.directory / "big").unlink()
    out = await said(build, "-f", "-", "-o", "left", ".", input=b"FROM scratch\nCOPY . /\n")
    assert "MB" not in _sent(out)
    assert not (build.directory / "left/big").exists()


def _sent(out: str) -> str:
    return next(line for line in reversed(out.splitlines()) if "transferring context:" in line)


async def test_secrets_and_contexts_with_names(build: Tool, served: EmbeddedEngine) -> None:
    (build.directory.parent / "named").mkdir()
    (build.directory.parent / "named/note").write_text("a note")
    (build.directory.parent / "token").write_text("sesame")
    await said(build, "--target", "sec", "--secret", "id=tok,src=../token", "-o", "sec", ".")
    assert (build.directory / "sec/tok").read_text() == "sesame"
    await said(build, "--target", "named", "--build-context", "nctx=../named", "-o", "named", ".")
    assert (build.directory / "named/note").read_text() == "a note"


async def test_targets_that_build_on_each_other(build: Tool, served: EmbeddedEngine) -> None:
    (build.directory / "docker-bake.hcl").write_text(
        'group "default" { targets = ["a", "b"] }\n'
        f'target "a" {{\n  dockerfile-inline = "FROM {IMAGE}\\nRUN echo A > /a"\n  tags = ["baked-a"]\n}}\n'
        'target "b" {\n  contexts = { base2 = "target:a" }\n'
        '  dockerfile-inline = "FROM base2\\nRUN cat /a > /b"\n  tags = ["baked-b"]\n}\n'
    )
    build.argv[-3:] = ["bake", "--progress", "plain"]
    await said(build)
    first, second = await served.images.get("baked-a"), await served.images.get("baked-b")
    assert second.layers[: len(first.layers)] == first.layers
    assert len(second.layers) == len(first.layers) + 1


async def test_the_services_of_a_compose_file_are_baked_together(build: Tool, served: EmbeddedEngine) -> None:
    """As `docker compose build` does it: it hands its services to bake."""
    (build.directory / "token").write_text("sesame")
    (build.directory / "compose.yaml").write_text(
        "secrets: {tok: {file: token}}\nservices:\n"
        "  a: {image: shop-a, build: {context: ., target: base}}\n"
        "  b: {image: shop-b, build: {context: ., target: sec, secrets: [tok], labels: {l: v}}}\n"
        "  c: {image: shop-c, build: {context: ., target: work, args: {V: '9'}}}\n"
    )
    build.argv[-3:] = ["bake", "--progress", "plain"]
    assert "hello 9" in await said(build, "-f", "compose.yaml")
    assert (await served.images.get("shop-b")).config.labels["l"] == "v"
    layers = [(await served.images.get(f"shop-{name}")).layers for name in "abc"]
    assert all(each[: len(layers[0])] == layers[0] for each in layers)


async def test_the_house_can_be_looked_at(build: Tool) -> None:
    await said(build, "-t", "t1", ".")
    plain = list(build.argv[:-3])
    for words, expected in (
        (["ls"], "running"),
        (["inspect"], "linux/"),
        (["du"], "Total"),
        (["prune", "-f"], "Total"),
    ):
        build.argv[:] = [*plain, *words]
        assert expected in await said(build), words


async def test_who_gives_up_leaves_nothing_running(build: Tool, served: EmbeddedEngine) -> None:
    (build.directory / "slow").write_text(f"FROM {IMAGE}\nRUN echo begun; sleep 1000\n")
    process = await build.start("-f", "slow", ".")
    assert process.stdout is not None
    async for line in process.stdout:
        if b"begun" in line and b"RUN" not in line:
            break
    process.send_signal(signal.SIGINT)
    rest = (await process.stdout.read()).decode()
    assert await process.wait() != 0
    assert "CANCELED" in rest
    async with asyncio.timeout(20), served.watch() as changes:
        while not all(build.ended is not None for build in await served.builds.list()):
            await anext(aiter(changes))


async def test_the_windows_list_shows_it_too(build: Tool, served: EmbeddedEngine) -> None:
    await said(build, "-t", "t1", ".")
    shown = (await served.builds.list())[-1]
    assert shown.ended is not None
    assert {step.instruction.split()[0] for step in shown.steps} >= {"FROM", "RUN", "COPY"}
    assert shown.dockerfile_text == DOCKERFILE
    assert shown.tags == ("t1:latest",)
    assert [each.title for each in await served.operations.list() if each.id == shown.id] == ["Build t1:latest"]
    assert shown.request
    await served.images.remove("t1")
    again = await served.builds.build(shown.request).result()
    assert (await served.images.get("t1")).id == again


async def test_a_dockerfile_is_checked_and_asked_without_being_built(build: Tool, served: EmbeddedEngine) -> None:
    recent = "--call" in (await build.try_("--help")).out
    ask = "--call" if recent else "--print"  # older plugins have it for the curious only, and know no check
    build.environment["BUILDX_EXPERIMENTAL"] = "1"
    assert "last (default)" in await said(build, f"{ask}=targets", ".")
    assert "tok" in await said(build, f"{ask}=outline", "--target", "sec", ".")
    out = await said(build, f"{ask}=outline", "--target", "nope", ".", code=1)
    assert 'target stage "nope" could not be found' in out

    (build.directory / "faulty").write_text(f"FROM {IMAGE} as Base\nMAINTAINER me\nWORKDIR app\n")
    (build.directory / "broken").write_text("FROM x\nRUNN y\n")
    out = await said(build, f"{ask}=lint", "-f", "faulty", ".", code=int(recent))
    broken = await said(build, f"{ask}=lint", "-f", "broken", ".", code=int(recent))
    if recent:
        for rule in ("FromAsCasing", "StageNameCasing", "MaintainerDeprecated", "WorkdirRelativePath"):
            assert rule in out
        assert "dockerfile parse error on line 2" in broken
        (build.directory / "clean").write_text(f"FROM {IMAGE}\n")
        assert "no warnings found" in await said(build, "--check", "-f", "clean", ".")
    assert await served.builds.list() == []


async def test_steps_get_the_limits_that_were_asked_for(build: Tool) -> None:
    recipe = f"FROM {IMAGE}\nRUN ulimit -n; ulimit -Hn; df -k /dev/shm\n".encode()
    out = await said(build, "-f", "-", "--shm-size", "65m", "--ulimit", "nofile=1000:2000", ".", input=recipe)
    assert " 1000\n" in out
    assert " 2000\n" in out
    assert "66560" in out


async def test_only_what_is_copied_is_sent(build: Tool) -> None:
    (build.directory / "big").write_bytes(os.urandom(3 << 20))
    (build.directory / "small").write_text("small")
    recipe = f"FROM {IMAGE}\nCOPY small /\n".encode()
    assert "MB" not in _sent(await said(build, "-f", "-", ".", input=recipe))


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("RUN --mount=type=secret,id=q,required=true true", "secret q: not found"),
        ("RUN --mount=type=ssh,required=true true", "unset ssh forward key default"),
        ("COPY --from=base nope /", '"/nope": not found'),
    ],
)
async def test_what_is_missing_is_told_in_docker_s_words(build: Tool, step: str, words: str) -> None:
    recipe = f"FROM {IMAGE} AS base\nFROM {IMAGE}\n{step}\n"
    out = await said(build, "-f", "-", ".", input=recipe.encode(), code=1)
    assert words in out
    assert f">>> {step}" in out


async def test_an_agent_is_for_the_step_alone(build: Tool) -> None:
    process = await asyncio.create_subprocess_exec(
        "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key", cwd=build.directory
    )
    assert await process.wait() == 0
    recipe = f"FROM {IMAGE}\nRUN --mount=type=ssh,id=k ls -l $SSH_AUTH_SOCK\n".encode()
    assert "srw-------" in await said(build, "-f", "-", "--ssh", "k=key", ".", input=recipe)


async def test_what_is_built_on_nothing_finds_its_programs(build: Tool, served: EmbeddedEngine) -> None:
    await said(build, "-f", "-", "-t", "bare", ".", input=b"FROM scratch\nCOPY Dockerfile /\n")
    assert any(each.startswith("PATH=/usr/local/sbin:") for each in (await served.images.get("bare")).config.env)


async def test_many_builds_that_end_together_all_end_well(served: EmbeddedEngine) -> None:
    running = [served.builds.build(BuildImage(dockerfile_text=f"FROM scratch\nLABEL n={n}\n")) for n in range(130)]
    assert len({await each.result() for each in running}) == 130


async def test_a_step_for_another_machine_says_what_to_install(build: Tool, served: EmbeddedEngine) -> None:
    recipe = b'FROM scratch\nCOPY Dockerfile /\nRUN ["/Dockerfile"]\n'
    out = await said(build, "-f", "-", "--platform", "linux/sparc64", ".", input=recipe, code=1)
    assert "RUN needs programs for linux/sparc64" in out
    assert "install qemu-user-static" in out
    assert '>>> RUN ["/Dockerfile"]' in out
    # And no more is promised than runs.
    listed = await build_x(build, "inspect")
    [promised] = [line for line in listed.splitlines() if line.startswith("Platforms:")]
    assert promised.partition(":")[2].replace(" ", "").split(",") == list((await served.host.facts()).platforms)


PLATFORMS = b"FROM scratch\nARG TARGETARCH\nCOPY Dockerfile /$TARGETARCH\n"


def _document(registry: Registry, path: str) -> dict[str, Any]:
    request = urllib.request.Request(f"{registry.url}/v2/made/{path}")
    request.add_header("Accept", "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json")
    with urllib.request.urlopen(request) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


async def test_an_index_of_two_platforms_and_what_is_attested_of_them_is_pushed(build: Tool, tmp_path: Path) -> None:
    with serve_registry(tmp_path) as registry:
        name = f"{registry.host}/made"
        await said(
            build, "-f", "-", "--platform", "linux/amd64,linux/arm64", "--provenance=mode=max", "--sbom=true",
            "--push", "-t", name, ".", input=PLATFORMS,
        )  # fmt: skip
        manifests = (await asyncio.to_thread(_document, registry, "manifests/latest"))["manifests"]
        images = [each for each in manifests if each["platform"]["os"] == "linux"]
        assert {each["platform"]["architecture"] for each in images} == {"amd64", "arm64"}
        attested = [each for each in manifests if each["platform"]["os"] == "unknown"]
        assert [each["annotations"]["vnd.docker.reference.digest"] for each in attested] == [
            each["digest"] for each in images
        ]
        layers = (await asyncio.to_thread(_document, registry, f"manifests/{attested[0]['digest']}"))["layers"]
        assert [each["annotations"]["in-toto.io/predicate-type"] for each in layers] == [
            "https://slsa.dev/provenance/v0.2", "https://spdx.dev/Document"
        ]  # fmt: skip
        statement = await asyncio.to_thread(_document, registry, f"blobs/{layers[0]['digest']}")
        assert statement["subject"][0]["digest"]["sha256"] == images[0]["digest"].removeprefix("sha256:")
        assert statement["predicate"]["invocation"]["parameters"]["frontend"] == "dockerfile.v0"


async def test_an_archive_holds_all_platforms_and_a_directory_one_for_each(build: Tool) -> None:
    both = ("--platform", "linux/amd64,linux/arm64")
    await said(build, "-f", "-", *both, "-o", "type=oci,dest=x", ".", input=PLATFORMS)
    with tarfile.open(build.directory / "x") as archive:
        top = json.load(archive.extractfile("index.json"))["manifests"][0]["digest"]  # type: ignore[arg-type]
        index = json.load(archive.extractfile(f"blobs/{top.replace(':', '/')}"))  # type: ignore[arg-type]
    assert [each["platform"]["architecture"] for each in index["manifests"]][:2] == ["amd64", "arm64"]
    await said(build, "-f", "-", *both, "-o", "out", ".", input=PLATFORMS)
    assert (build.directory / "out/linux_arm64/arm64").is_file()
    await said(build, "-f", "-", "--provenance=mode=min", "-o", "told", ".", input=PLATFORMS)
    told = json.loads((build.directory / "told/provenance.json").read_text())
    assert told["subject"][0]["name"] == "amd64" or told["subject"][0]["name"] == "arm64"


async def test_what_was_built_for_another_machine_stands_under_the_name_and_goes_with_it(
    build: Tool, served: EmbeddedEngine
) -> None:
    both = ("--platform", "linux/amd64,linux/arm64", "-t", "both")
    await said(build, "-f", "-", *both, ".", input=PLATFORMS)

    async def rows(*words: str) -> list[str]:
        listed = await plain(build, "image", "ls", "--no-trunc", "--format", "{{.Repository}} {{.ID}}", *words)
        return [each for each in listed.split("\n") if each and not each.startswith(IMAGE.partition(":")[0])]

    [row] = await rows("--all")
    assert row.startswith("both ")
    assert await rows("--filter", "dangling=true") == []
    await served.images.prune(all_unused=False)
    images = [each for each in await served.images.list() if "both:latest" in (*each.tags, *each.index_names)]
    assert {each.platform.architecture for each in images} == {"amd64", "arm64"}
    assert len(await served.images.kept_index("both")) == 2
    # A name that has gone to another image leaves both to be pruned; one that is removed takes both along.
    await said(build, "-f", "-", "-t", "both", ".", input=b"FROM scratch\nCOPY Dockerfile /other\n")
    assert len(await rows("--filter", "dangling=true")) == 2
    await served.images.prune(all_unused=False)
    await plain(build, "image", "rm", "both")
    await said(build, "-f", "-", *both, ".", input=PLATFORMS)
    await plain(build, "image", "rm", "both")
    assert await rows("--all") == []


async def test_no_index_is_made_where_one_manifest_is_enough(build: Tool, served: EmbeddedEngine) -> None:
    await said(build, "-f", "-", "-t", "alone", "--metadata-file", "meta", ".", input=PLATFORMS)
    image = await served.images.get("alone")
    assert json.loads((build.directory / "meta").read_text())["containerimage.digest"] == image.id

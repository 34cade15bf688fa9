"""Cases 27 to 32: what comes out, and what is kept elsewhere."""

from __future__ import annotations

import json
import tarfile

from tests.clients.cases import case
from tests.clients.world import World, has

_BASE = "FROM scratch\nADD root /\nENV PATH=/bin\n"


@case(27, "local, tar, both")
async def _local(world: World) -> None:
    await world.build("--target", "base", "-o", "o1", ".")
    assert (world.work / "o1/bin/sh").is_symlink()
    assert (world.work / "o1/bin/busybox").stat().st_mode & 0o777 == 0o755
    await world.build("--target", "base", "-o", "type=tar,dest=t", ".")
    with tarfile.open(world.work / "t") as archive:
        assert "bin/sh" in {name.removeprefix("./") for name in archive.getnames()}
    if "0.13" not in (await world.docker("buildx", "version")).out:
        await world.build("--target", "base", "-o", "o2", "-o", "type=tar,dest=t2", ".")
        assert (world.work / "o2/bin/sh").is_symlink()


@case(28, "OCI archive")
async def _oci(world: World) -> None:
    out = await world.build("--target", "base", "-o", "type=oci,dest=x", ".", code=1 if world.is_peer else 0)
    if world.is_peer:
        has(out, "OCI exporter is not supported")
        return
    with tarfile.open(world.work / "x") as archive:
        index = json.load(archive.extractfile("index.json"))  # type: ignore[arg-type]
    assert index["manifests"], index


@case(29, "two platforms")
async def _platforms(world: World) -> None:
    recipe = "FROM scratch\nARG TARGETARCH\nCOPY Dockerfile /$TARGETARCH\n"
    words = ("--platform", "linux/amd64,linux/arm64", "-o", "type=oci,dest=x")
    out = await world.bare(recipe, *words, code=1 if world.is_peer else 0)
    if world.is_peer:
        has(out, "not supported")
        return
    with tarfile.open(world.work / "x") as archive:
        index = json.load(archive.extractfile("index.json"))  # type: ignore[arg-type]
        first = index["manifests"][0]
        inner = json.load(archive.extractfile("blobs/" + first["digest"].replace(":", "/")))  # type: ignore[arg-type]
    found = {each["platform"]["architecture"] for each in inner.get("manifests", ()) if "platform" in each}
    assert found >= {"amd64", "arm64"}, inner


@case(42, "OCI layout as a context")
async def _layout(world: World) -> None:
    if world.is_peer:
        return
    await world.build("--target", "base", "-o", "type=oci,dest=x.tar", ".")
    (world.place / "layout").mkdir()
    with tarfile.open(world.work / "x.tar") as archive:
        archive.extractall(world.place / "layout")
    index = json.loads((world.place / "layout/index.json").read_text())["manifests"][0]["digest"]
    recipe = "FROM scratch\nCOPY --from=lay /bin/busybox /b\n"
    await world.bare(recipe, "--build-context", f"lay=oci-layout://../layout@{index}", "-o", "out")
    assert (world.work / "out/b").read_bytes() == (world.work / "root/bin/busybox").read_bytes()


@case(41, "attested and pushed")
async def _attested(world: World) -> None:
    """Beyond the page: what is attested, at a registry and in an archive, as other tools read it."""
    name = f"{world.registry}/attested"
    words = ("--platform", "linux/amd64,linux/arm64", "--provenance=mode=max", "--sbom=true", "--push", "-t", name)
    recipe = "FROM scratch\nARG TARGETARCH\nCOPY Dockerfile /$TARGETARCH\n"
    out = await world.bare(recipe, *words, code=1 if world.is_peer else 0)
    if world.is_peer:
        has(out, "not supported")
        return
    shown = await world.docker("buildx", "imagetools", "inspect", name)
    has(shown.out, "linux/amd64", "linux/arm64", "attestation-manifest")
    if world.clients.name != "26":
        said = await world.docker("buildx", "imagetools", "inspect", name, "--format", "{{json .Provenance}}")
        has(said.out, "linux/arm64", "invocation")
    await world.docker("pull", name)
    await world.bare(recipe, "--provenance=mode=min", "-o", "files")
    assert (world.work / "files/provenance.json").is_file()


@case(30, "caches")
async def _caches(world: World) -> None:
    await world.bare(_BASE + "RUN true\n", "--cache-to", "type=inline", "-t", "i")
    await world.bare(_BASE + "RUN true\n", "--cache-from", "i")
    if world.is_peer:
        return
    for to, origin in (
        ("type=local,dest=../cache", "type=local,src=../cache"),
        (f"type=registry,ref={world.registry}/cache", f"type=registry,ref={world.registry}/cache"),
    ):
        recipe = _BASE + f"RUN echo made for {to}\n"
        await world.bare(recipe, "--cache-to", f"{to},mode=max")
        await world.docker("builder", "prune", "-af")
        out = await world.bare(recipe, "--cache-from", origin)
        has(out, "importing cache manifest", "CACHED")
        assert f" made for {to}" not in out.replace(f"RUN echo made for {to}", ""), out
    image = f"{world.registry}/inline"
    recipe = _BASE + "RUN echo made for inline\n"
    await world.bare(recipe, "--cache-to", "type=inline", "--push", "-t", image)
    await world.docker("rmi", "-f", image)
    await world.docker("builder", "prune", "-af")
    has(await world.bare(recipe, "--cache-from", image), "CACHED")


@case(31, "push")
async def _push(world: World) -> None:
    await world.build("--target", "base", "--push", "--metadata-file", "m", "-t", f"{world.registry}/x", ".")
    await world.docker("pull", f"{world.registry}/x")
    assert json.loads((world.work / "m").read_text())["containerimage.digest"].startswith("sha256:")


@case(32, "base behind a password")
async def _auth(world: World) -> None:
    image = f"{world.guarded}/private"
    await world.docker("login", "-u", "me", "-p", "secret", world.guarded)
    await world.build("--target", "base", "-t", image, ".")
    await world.docker("push", image)
    await world.docker("rmi", image)
    has(await world.bare(f"FROM {image}\n", "--pull"), "[auth]")
    await world.docker("logout", world.guarded)
    has(await world.bare(f"FROM {image}\n", "--pull", code=1), "401" if world.is_peer else "")

"""Pictures of every page and dialog, in every look the window must stand: what a person looks at after a change.

python -m tests.pictures OUT [--look NAME …] [--only WORD …]

Looks: four sizes in light; dark, high contrast, letters half as large again and twice as large, German, right to left
at the usual size. The window stands on the fake engine, so they show the same on every machine; each look runs in a
process of its own. Nothing is compared and nothing is kept in the repository.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QDialog

    from gui.application import Application

_PATIENCE_SECONDS = 20.0
_TURNS = 7
_TABS = ("overview", "logs", "terminal", "stats", "files", "processes", "changes", "inspect", "history")
_SHEETS = ("general", "doctor", "store", "registries")


_BAKERY = """\
services:
  db:
    image: docker.io/library/postgres:16
    volumes: ["data:/var/lib/postgresql/data"]
  cache:
    image: docker.io/library/redis:7-alpine
  search:
    image: memcached:1.6
    depends_on: [db]
  site:
    image: nginx:1.27
    depends_on: [db, cache, search]
    ports: ["${PORT:-8080}:80"]
    environment: {TOKEN: "${TOKEN}"}
volumes:
  data: {}
"""


@dataclass(frozen=True)
class Look:
    """How the window is shown."""

    size: tuple[int, int] = (1280, 800)
    mode: str = "light"
    letters: float = 1.0
    language: str = "en"
    right_to_left: bool = False
    scale: int = 1


LOOKS = {
    "small": Look(size=(960, 540)),
    "usual": Look(),
    "large": Look(size=(1920, 1080)),
    "twice": Look(size=(1280, 720), scale=2),
    "dark": Look(mode="dark"),
    "contrast": Look(mode="contrast"),
    "letters-150": Look(letters=1.5),
    "letters-200": Look(letters=2.0),
    "german": Look(language="de"),
    "right-to-left": Look(right_to_left=True),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures")
    parser.add_argument("out", nargs="?", default="pictures")
    parser.add_argument("--look", action="append", choices=LOOKS, default=[])
    parser.add_argument("--only", action="append", default=[], help="names of pictures that have this word in them")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        return _take(Path(chosen.out), LOOKS[chosen.look[0]], chosen.only)
    for name in chosen.look or LOOKS:
        folder = Path(chosen.out) / name
        folder.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "QT_SCALE_FACTOR": str(LOOKS[name].scale), "TZ": "UTC"}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        command = [sys.executable, "-m", "tests.pictures", str(folder), "--look", name, "--here"]
        subprocess.run([*command, *(f"--only={word}" for word in chosen.only)], env=environment, check=True)
        sys.stdout.write(f"{name}: {len(list(folder.glob('*.png')))} pictures in {folder}\n")
    return 0


def _take(folder: Path, look: Look, only: list[str]) -> int:
    from PySide6.QtCore import QSettings, Qt
    from PySide6.QtGui import QFont

    from gui.application import make_qt_application, run
    from gui.settings import WindowSettings
    from gui.theme import set_mono_family
    from tests.fakes.engine import open_fake_engine
    from tests.fakes.world import populate

    app = make_qt_application()
    app.setFont(QFont("DejaVu Sans", round(10 * look.letters)))
    set_mono_family("DejaVu Sans Mono")
    if look.right_to_left:
        app.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    failures: list[BaseException] = []

    def started(application: Application) -> None:
        application.window.setMinimumSize(0, 0)
        application.window.resize(*look.size)
        visit = asyncio.get_event_loop().create_task(_Visit(application, folder, only).everything())

        def over(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                failures.append(error)
            application.end()

        visit.add_done_callback(over)

    with tempfile.NamedTemporaryFile(suffix=".ini") as file:
        settings = WindowSettings(QSettings(file.name, QSettings.Format.IniFormat))
        settings.welcomed, settings.keep_in_tray, settings.language = True, False, look.language
        run(lambda: open_fake_engine(populate), look=look.mode, settings=settings, started=started)  # type: ignore[arg-type,return-value]
    if failures:
        raise failures[0]
    return 0


async def _furnish(engine: Any, put: Callable[[Any], None]) -> None:
    put(engine.store)


class _Visit:
    """Goes everywhere and keeps a picture of it."""

    def __init__(self, application: Application, folder: Path, only: list[str]) -> None:
        self.window, self.client = application.window, application.client
        self._folder, self._only = folder, only

    async def everything(self) -> None:
        await self._until(lambda: self.client.is_ready)
        await self._pages()
        await self._container()
        await self._image()
        await self._builds()
        await self._dialogs()
        await self._front_door()
        await self._network_map()
        await self._clusters()
        await self._swarm()

    async def _swarm(self) -> None:
        from engine.types.machines import Capabilities, Machine
        from gui.pages.swarm import SwarmPage

        if not self._wants("swarm"):
            return

        async def manage(home: Any) -> None:
            home.machines.put(Machine(name="server", address="ssh://me@server", kind="docker", version="28.5.2"))
            there = await home.machines.engine("server")
            there.capabilities = Capabilities(kind="docker")

        await self.client.at_home(manage)
        await self.window.show_machine("server")
        page = self.window.page("swarm")
        assert isinstance(page, SwarmPage)
        self.window.navigate("swarm")
        await self._until(lambda: bool(page.swarm.services))
        for face in page.lists:
            await self._page(f"swarm-{face}", "swarm", "", face)
        await self._page("swarm-service", "swarm", "s1")
        await self._page("swarm-log", "swarm", "s1", "log")
        self.window.open_dialog("new-service", image="nginx:1.27")
        await self._dialog("swarm-new-service")
        place = Path(tempfile.mkdtemp()) / "compose.yml"
        place.write_text(_BAKERY)
        self.window.open_dialog("stack-deploy", name="bakery", files=(str(place),))
        await self._dialog("swarm-deploy")
        await self.window.show_machine("")

    async def _clusters(self) -> None:
        from gui.pages.clusters import ClustersPage
        from tests.support.api_server import serve_cluster
        from tests.support.cluster_world import furnish, kubeconfig

        if not self._wants("cluster"):
            return
        async with serve_cluster() as cluster:
            furnish(cluster)
            config = self._folder / "kubeconfig"
            config.write_text(json.dumps(kubeconfig(cluster.url)))
            os.environ["KUBECONFIG"] = str(config)
            page = self.window.page("clusters")
            assert isinstance(page, ClustersPage)
            page.look_again()
            for face in (*page.lists, "ports"):
                self.window.navigate("clusters", "", face)
                await self._until(lambda face=face: face == "ports" or page.lists[face].model.rowCount())  # type: ignore[misc]
                await self._page(f"cluster-{face}", "clusters", "", face)
            for name, key, tab in (
                ("overview", "pods/default/shop-worker-1", "overview"),
                ("log", "deployments/default/shop-web", "log"),
                ("terminal", "pods/default/shop-web-1", "terminal"),
                ("files", "pods/default/shop-web-1", "files"),
                ("usage", "pods/default/shop-web-1", "usage"),
                ("values", "secrets/default/shop-login", "values"),
                ("manifest", "services/default/shop-web", "text"),
            ):
                face = next(each.id for each in page.faces if key.partition("/")[0] in each.kinds)
                self.window.navigate("clusters", "", face)
                await self._until(lambda face=face: page.lists[face].model.rowCount())  # type: ignore[misc]
                await self._page(f"cluster-{name}", "clusters", key, tab)
            await self._deploying()
            cluster.forbidden.add("persistentvolumeclaims")
            cluster.tokens.clear()
            cluster.cut_watches()
            self.window.navigate("clusters", "", "pods")
            await self._until(page.banner.isVisible)
            await self._page("cluster-refused", "clusters", "", "pods")
            config.unlink()
        await self.client.call(lambda engine: engine.clusters.close())

    async def _deploying(self) -> None:
        from gui.dialogs.projects.cluster_deploy import ClusterDeployDialog

        image = next(each for each in self.client.mirror.images.values() if each.tags)
        await self.client.call(lambda engine: engine.images.tag(image.id, "team/only-here:1"))
        self.window.open_dialog("cluster-deploy", names=["team/only-here:1"])
        dialog = self.window.findChildren(ClusterDeployDialog)[-1]
        await self._until(lambda: "only-here" in dialog.text.toPlainText())
        await self._dialog_kept("cluster-deploy-manifests", dialog)
        dialog.submit()
        await self._until(lambda: dialog.stack.currentIndex() == 1)
        await self._dialog_kept("cluster-deploy-changes", dialog)
        dialog.submit()
        await self._until(dialog.undo.isVisible)
        await self._dialog_kept("cluster-deploy-steps", dialog)
        dialog.reject()

    async def _network_map(self) -> None:
        from gui.pages.networks import NetworksPage
        from tests.fakes.crowd import crowd

        if not self._wants("network-map"):
            return
        await self._page("network-map", "networks", "", "map")
        await self.client.call(lambda engine: _furnish(engine, crowd))
        await self._page("network-map-crowd", "networks", "", "map")
        page = self.window.page("networks")
        assert isinstance(page, NetworksPage)
        page.map.map.choose(next(n.id for lane in page.map.picture.lanes for n in lane.nodes if n.is_echo))
        await self._page("network-map-chosen", "networks", "", "map")
        await self._page("network-names", "networks", "", "names")
        names = {one.name: one.id for one in self.client.mirror.containers.values()}
        self.window.open_dialog("network-why", source=names["shop-web-1"], target=names["billing-api-1"])
        await self._dialog("network-why")

    async def _front_door(self) -> None:
        from engine.types.frontdoor import DoorSettings

        if not self._wants("door"):
            return
        await self._page("door-shut", "settings", "", "door")
        await self.client.call(lambda engine: engine.door.change(DoorSettings(on=True, tls=True)))
        await self._page("door-open", "settings", "", "door")
        await self._page("door-containers", "containers")
        await self._page("door-container", "containers", self._container_id("shop-web-1"), "overview")

    async def _pages(self) -> None:
        from gui.pages.catalogue import pages

        for entry in pages():
            if not entry.needs:
                await self._page(entry.id, entry.id)
        for sheet in _SHEETS:
            await self._page(f"settings-{sheet}", "settings", "", sheet)
        await self._page("welcome", "welcome")
        await self._page("disk-images", "disk", "images")
        for tab in ("services", "figures", "log", "storage", "history"):
            await self._page(f"project-{tab}", "projects", "shop", tab)
        await self._opened_project()

    async def _opened_project(self) -> None:
        """One with a file, of which nothing is made yet; then up, with a history."""
        from engine.types.projects import ReadProject, UpProject

        if not self._wants("bakery"):
            return
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "bakery"
            folder.mkdir()
            (folder / "compose.yaml").write_text(_BAKERY)
            (folder / ".env").write_text("PORT=18080\n")
            self.window.navigate("projects", "", str(folder / "compose.yaml"))
            await self._settle()
            for tab in ("file", "services"):
                await self._page(f"bakery-{tab}", "projects", "bakery", tab)
            source = ReadProject(files=(str(folder / "compose.yaml"),))
            for port in (18080, 18090):
                source = ReadProject(files=source.files, environment={"PORT": str(port)})
                request = UpProject(source=source)
                await self.client.operate(lambda engine, request=request: engine.projects.up(request))
                (folder / "compose.yaml").write_text(_BAKERY.replace("memcached", "varnish"))
            for tab in ("services", "storage", "history"):
                await self._page(f"bakery-up-{tab}", "projects", "bakery", tab)
            counts = {"site": 1, "cache": 2}
            self.window.open_dialog("project-scale", source=source, counts=counts)
            await self._dialog("bakery-scale")

    async def _container(self) -> None:
        for name, tabs in (("shop-web-1", _TABS), ("backup-nightly", ("overview", "stats", "history"))):
            for tab in tabs:
                await self._page(f"{name}-{tab}", "containers", self._container_id(name), tab)

    async def _image(self) -> None:
        keys = [image.id for image in self.client.mirror.images.values() if image.tags]
        await self._page("image-layers", "images", keys[0], "layers")
        await self._page("image-compare", "images", keys[0], f"compare:{keys[1]}")

    async def _builds(self) -> None:
        for build in self.client.mirror.builds.values():
            failed = build.failure is not None
            name = "build-failed" if failed else "build"
            await self._page(name, "builds", build.id, "dockerfile" if failed else "output")

    async def _dialogs(self) -> None:
        from engine.types.projects import DownProject

        container = self.client.mirror.containers[self._container_id("shop-web-1")]
        shop = [one.id for one in self.client.mirror.containers.values() if one.name.startswith("shop-")]
        network = next(one.id for one in self.client.mirror.networks.values() if not one.builtin)
        wanted: tuple[tuple[str, dict[str, Any]], ...] = (
            ("run", {"image": "nginx:1.27"}), ("edit", {"container": container.id}), ("pull", {}),
            ("push", {"reference": "localhost/shop:1"}), ("login", {}), ("registries", {}),
            ("find-file", {}), ("create-volume", {}), ("create-network", {}), ("connect-network", {"network": network}),
            ("build", {}), ("merged-logs", {"containers": shop}), ("graphs", {"containers": shop}),
            ("gallery", {"projects": {"shop": "/home/me/shop"}, "project": "shop", "choose": "postgres"}),
            ("project-plan", {"request": DownProject(name="shop")}),
        )  # fmt: skip
        for name, arguments in wanted:
            if self._wants(f"dialog-{name}"):
                self.window.open_dialog(name, **arguments)
                await self._dialog(f"dialog-{name}")
        for action, subject in (("container.remove", container), ("container.rename", container)):
            if self._wants(f"question-{action}"):
                self.window.trigger(action, [subject])
                await self._dialog(f"question-{action}")
        if self._wants("palette"):
            self.window.show_palette()
            await self._dialog("palette")

    def _container_id(self, name: str) -> str:
        return next(one.id for one in self.client.mirror.containers.values() if one.name == name)

    def _wants(self, name: str) -> bool:
        return not self._only or any(word in name for word in self._only)

    async def _page(self, name: str, *where: str) -> None:
        if self._wants(name):
            self.window.navigate(*where)
            await self._settle()
            self.window.grab().save(str(self._folder / f"{name}.png"))

    async def _dialog(self, name: str) -> None:
        await self._settle()
        for dialog in self._open_dialogs():
            dialog.grab().save(str(self._folder / f"{name}.png"))
            dialog.close()
        await self._settle(turns=2)

    async def _dialog_kept(self, name: str, dialog: QDialog) -> None:
        """A picture of one that goes on."""
        await self._settle()
        dialog.grab().save(str(self._folder / f"{name}.png"))

    def _open_dialogs(self) -> list[QDialog]:
        from PySide6.QtWidgets import QApplication, QDialog

        return [one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog) and one.isVisible()]

    async def _settle(self, turns: int = _TURNS) -> None:
        """What was asked of the fake engine has come and is laid out after so many turns of a tenth of a second."""
        for _ in range(turns):
            await asyncio.sleep(0.1)

    @staticmethod
    async def _until(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not condition():  # noqa: ASYNC110 - looked at from outside
                await asyncio.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())

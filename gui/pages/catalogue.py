"""Every page of the window: its place in the sidebar, and where it is imported from when it is first shown."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from gui.words import translate

if TYPE_CHECKING:
    from gui.pages.page import Page
    from gui.shell import Shell


@dataclass(frozen=True, slots=True)
class PageEntry:
    """One page. `section` groups the sidebar: "top" above, "bottom" below."""

    id: str
    title: str
    icon: str
    module: str
    class_name: str
    section: str = "top"
    shortcut: str = ""
    needs: str = ""
    """A method of the facade without which the shown machine has no such page."""

    def create(self, shell: Shell) -> Page:
        page: Page = getattr(import_module(self.module), self.class_name)(shell)
        page.setObjectName(f"page.{self.id}")
        page.setAccessibleName(self.title)
        return page


def pages() -> tuple[PageEntry, ...]:
    """In the order of the sidebar."""
    return tuple(entry for entry in _all_pages() if find_spec(entry.module) is not None)


def _all_pages() -> tuple[PageEntry, ...]:
    return (
        PageEntry(
            "containers",
            translate("Pages", "Containers"),
            "container",
            "gui.pages.containers",
            "ContainersPage",
            shortcut="Ctrl+1",
        ),
        PageEntry(
            "projects",
            translate("Pages", "Projects"),
            "layers",
            "gui.pages.projects",
            "ProjectsPage",
            shortcut="Ctrl+8",
        ),
        PageEntry("images", translate("Pages", "Images"), "image", "gui.pages.images", "ImagesPage", shortcut="Ctrl+2"),
        PageEntry(
            "volumes", translate("Pages", "Volumes"), "volume", "gui.pages.volumes", "VolumesPage", shortcut="Ctrl+3"
        ),
        PageEntry(
            "networks",
            translate("Pages", "Networks"),
            "network",
            "gui.pages.networks",
            "NetworksPage",
            shortcut="Ctrl+4",
        ),
        PageEntry(
            "clusters",
            translate("Pages", "Clusters"),
            "anchor",
            "gui.pages.clusters",
            "ClustersPage",
            shortcut="Ctrl+9",
        ),
        PageEntry("swarm", translate("Pages", "Swarm"), "grid", "gui.pages.swarm", "SwarmPage", needs="swarm.look"),
        PageEntry("builds", translate("Pages", "Builds"), "build", "gui.pages.builds", "BuildsPage", shortcut="Ctrl+5"),
        PageEntry("disk", translate("Pages", "Disk"), "disk", "gui.pages.disk", "DiskPage", "bottom", "Ctrl+7"),
        PageEntry(
            "activity",
            translate("Pages", "Activity"),
            "activity",
            "gui.pages.activity",
            "ActivityPage",
            "bottom",
            "Ctrl+6",
        ),
        PageEntry(
            "settings",
            translate("Pages", "Settings"),
            "settings",
            "gui.pages.settings",
            "SettingsPage",
            "bottom",
            "Ctrl+,",
        ),
    )


def welcome_page() -> PageEntry:
    """Shown at the first start, and until there is a container; not in the sidebar."""
    return PageEntry("welcome", translate("Pages", "Welcome"), "home", "gui.pages.welcome", "WelcomePage")

"""Sample data and ready-made widgets: what the gallery shows and the pixel references pin."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from gui.models.table import Column, KeyedTableModel
from gui.theme import Role, Space, Text, Tone, color
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.card import Card
from gui.widgets.charts import Kind, Series, SeriesBuffer, TimeChart, Timeline
from gui.widgets.chips import Chip, ChipBar
from gui.widgets.empty_state import EmptyState
from gui.widgets.facts import Fact, FactGrid
from gui.widgets.labels import label
from gui.widgets.lists.cells import BadgeCell, CellPainter, LinksCell, MeterCell, SparklineCell, TextCell
from gui.widgets.lists.file_tree import Change, FileRow, FileTree
from gui.widgets.lists.progress_rows import ProgressRow, ProgressRows
from gui.widgets.lists.table import Table
from gui.widgets.lists.waste_list import WasteList, WasteRow
from gui.widgets.logview import LogRow, LogView, MemoryLineSource
from gui.widgets.painted.badge import Badge, StateDot
from gui.widgets.painted.layer_stack import LayerStack, StackLayer
from gui.widgets.painted.meter import Meter
from gui.widgets.painted.treemap import Treemap, TreemapNode
from gui.widgets.search_field import SearchField
from gui.widgets.segmented import Segmented
from gui.widgets.side_nav import SideNav
from gui.widgets.terminal import TerminalView
from gui.widgets.texts.diff_view import DiffView
from gui.widgets.texts.json_tree import JsonTree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

START_NS = 1_700_000_000_000_000_000
LONG_NAME = "registry.example.com/a-team-with-a-long-name/and-a-service-whose-name-never-ends:2026.11.21-rc.1"


class Page(QWidget):
    """A widget with the page's background."""

    def paintEvent(self, _event: object) -> None:
        from PySide6.QtGui import QPainter

        QPainter(self).fillRect(self.rect(), color(Role.CANVAS))


def controls() -> QWidget:
    page = Page()
    column = QVBoxLayout(page)
    column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.XL)
    column.setSpacing(Space.L)
    for words, scale in (("Heading", Text.HEADING), ("Title", Text.TITLE), ("Body text", Text.BODY)):
        column.addWidget(label(words, scale))
    row = QHBoxLayout()
    row.addWidget(button("Run", "play", Variant.PRIMARY))
    row.addWidget(button("Pull image", "download"))
    row.addWidget(button("Delete", "trash", Variant.DANGER))
    row.addWidget(button("Cancel", variant=Variant.GHOST))
    row.addWidget(button("Show all", variant=Variant.LINK))
    gone = button("Not now", "stop")
    gone.setEnabled(False)
    row.addWidget(gone)
    for name in ("play", "stop", "restart", "terminal", "logs", "trash", "more"):
        row.addWidget(tool_button(name, name))
    row.addStretch(1)
    column.addLayout(row)
    row = QHBoxLayout()
    for words, tone in (
        ("Running", Tone.SUCCESS), ("Unhealthy", Tone.WARNING), ("Exited 137", Tone.DANGER), ("Paused", Tone.INFO),
        ("Created", Tone.MUTED), ("In use", Tone.ACCENT),
    ):  # fmt: skip
        row.addWidget(StateDot(tone, words))
        row.addWidget(Badge(words, tone, dot=True))
    row.addWidget(Badge("shared", Tone.NEUTRAL, icon_name="layers"))
    row.addStretch(1)
    column.addLayout(row)
    row = QHBoxLayout()
    row.addWidget(SearchField("Filter containers"))
    row.addWidget(Segmented([("files", "Files"), ("map", "Treemap"), ("waste", "Waste")]))
    bar = ChipBar([("run", "Running", Tone.SUCCESS), ("stop", "Stopped", Tone.ACCENT)])
    bar.chip("run").setChecked(True)
    bar.set_count("run", 12)
    row.addWidget(bar)
    row.addWidget(Chip("web=1", removable=True))
    row.addStretch(1)
    column.addLayout(row)
    banner = Banner(Tone.DANGER, "The registry asks for a login", "ghcr.io answered 401 for acme/private.")
    banner.add_action("Log in…", lambda: None, Variant.PRIMARY)
    banner.add_action("Retry", lambda: None)
    column.addWidget(banner)
    column.addWidget(Banner(Tone.WARNING, "No cpu controller is delegated: figures are estimates.", closable=True))
    column.addWidget(Banner(Tone.INFO, "Two containers still use this image."))
    row = QHBoxLayout()
    meter = Meter("Memory")
    meter.set(620, 1000)
    high = Meter("Memory")
    high.set(930, 1000)
    for widget in (meter, high):
        row.addWidget(widget)
    column.addLayout(row)
    column.addStretch(1)
    return page


def wave(count: int, *, seed: int = 1) -> list[float]:
    rng = random.Random(seed)
    return [max(0.0, 20 + 15 * math.sin(i / 5) + rng.random() * 18) for i in range(count)]


def empty() -> QWidget:
    state = EmptyState(
        "image", "No images yet", "Pull one from a registry, build one from a folder, or drop an archive."
    )
    state.add_button(button("Pull an image", "download", Variant.PRIMARY))
    state.add_button(button("Open an archive", "archive"))
    page = Page()
    QVBoxLayout(page).addWidget(state)
    return page


def navigation() -> QWidget:
    nav = SideNav("Pages")
    for key, words, sign in (
        ("containers", "Containers", "container"), ("images", "Images", "image"), ("volumes", "Volumes", "volume"),
        ("networks", "Networks", "network"), ("activity", "Activity", "activity"),
    ):  # fmt: skip
        nav.add(key, words, sign)
    nav.add_filler(QWidget())
    nav.add("settings", "Settings", "settings")
    nav.set_current("containers")
    nav.set_count("containers", 12)
    nav.set_count("images", 48)
    nav.set_count("activity", 1, Tone.ACCENT)
    return nav


def facts() -> QWidget:
    card = Card("Image", "as it is in the store")
    card.body.addWidget(
        FactGrid(
            [
                Fact(
                    "Id",
                    "sha256:8b7c0a8f1a3d5b9d9c2a1e7f3b5d7e9f1a2b3c4d5e6f708192a3b4c5d6e7f809",
                    code=True,
                    copy=True,
                ),
                Fact("Tags", LONG_NAME),
                Fact("Platform", "linux/amd64"),
                Fact("Size", "187.4 MB (12.1 MB alone)"),
                Fact("State", "In use", tone=Tone.SUCCESS),
                Fact("Used by", "web", link="web"),
                Fact("User", ""),
            ]
        )
    )
    page = Page()
    QVBoxLayout(page).addWidget(card)
    return page


def chart_grid() -> QWidget:
    page = Page()
    grid = QGridLayout(page)
    grid.setSpacing(Space.M)
    timeline = Timeline(300)
    cpu, memory, network, pressure = SeriesBuffer(2), SeriesBuffer(4), SeriesBuffer(2), SeriesBuffer(1)
    values, more = wave(600), wave(600, seed=2)
    for i in range(600):
        at = START_NS + i * 1_000_000_000
        cpu.append(at, (values[i], max(0.0, more[i] - 30)))
        memory.append(at, (180e6 + i * 2e5, 60e6 + more[i] * 1e5, 12e6, 30e6))
        if not 380 < i < 420:
            network.append(at, (more[i] * 2e4, values[i] * 8e3))
        pressure.append(at, (max(0.0, more[i] - 40) / 4,))
    charts = [
        TimeChart("CPU", cpu, [Series("Use", 0, Kind.AREA), Series("Throttled", 2, tone=Tone.DANGER)], timeline,
                  unit=lambda v: f"{v:.0f} %"),
        TimeChart("Memory", memory, [Series("Program", 0, Kind.STACKED), Series("Cache", 1, Kind.STACKED),
                                     Series("Shared", 2, Kind.STACKED), Series("Kernel", 3, Kind.STACKED)],
                  timeline, unit=lambda v: f"{v / 2**20:.0f} MiB", binary=True),
        TimeChart("Network", network, [Series("Received", 1), Series("Sent", 4)], timeline,
                  unit=lambda v: f"{v / 1000:.0f} kB/s"),
        TimeChart("Pressure", pressure, [Series("CPU some", 3, Kind.AREA)], timeline, unit=lambda v: f"{v:.1f} %"),
    ]  # fmt: skip
    charts[0].set_limit(80, draggable=True)
    charts[1].set_limit(512 * 2**20, draggable=True)
    charts[3].set_ceiling(10)
    charts[3].set_marks([(START_NS + 500 * 1_000_000_000, "restarted", Tone.WARNING)])
    for number, chart in enumerate(charts):
        card = Card()
        card.body.addWidget(chart)
        grid.addWidget(card, number // 2, number % 2)
    timeline.set_now(START_NS + 599 * 1_000_000_000)
    timeline.set_crosshair(START_NS + 520 * 1_000_000_000)
    return page


def log_rows(count: int) -> list[LogRow]:
    rows = []
    for i in range(count):
        at = START_NS + i * 37_000_000
        text, level = [
            (f"GET /api/v1/items/{i} 200 12ms", "info"),
            ("\x1b[32mOK\x1b[0m cache warm, \x1b[1;34mworkers\x1b[0m=4 \x1b[38;2;255;120;0mtrue colour\x1b[0m", ""),
            ('{"level":"info","msg":"user signed in","user":"ada","took":0.42,"roles":["admin","dev"]}', "info"),
            ("slow query: 1.2 s on orders", "warning"),
            ("connection refused: db:5432", "error"),
            ("poll", "debug"),
        ][i % 6]
        rows.append(LogRow(text, at, level, "web" if i % 3 else "db"))
    return rows


def log(*, merged: bool = True) -> LogView:
    view = LogView("Log")
    source = MemoryLineSource(parent=view)
    source.extend(log_rows(400))
    view.set_source(source)
    view.set_json(on=True)
    if merged:
        view.set_source_styles({"web": ("web", 0), "db": ("database", 2)})
    return view


TERMINAL_TEXT = (
    b"\x1b[1;32mroot@web\x1b[0m:\x1b[1;34m/srv\x1b[0m# ls -la --color\r\n"
    b"total 12\r\ndrwxr-xr-x 2 root root 4096 Nov 21 05:31 \x1b[1;34mbin\x1b[0m\r\n"
    b"-rwxr-xr-x 1 root root 8192 Nov 21 05:31 \x1b[1;32mserve\x1b[0m\r\n"
    b"lrwxrwxrwx 1 root root   12 Nov 21 05:31 \x1b[1;36mlatest\x1b[0m -> serve\r\n"
    b"\x1b[38;5;208m256 colours\x1b[0m \x1b[38;2;120;90;250mtrue colours\x1b[0m \x1b[7mreverse\x1b[0m "
    b"\x1b[4munderlined\x1b[0m \x1b[2mfaint\x1b[0m \x1b[3mitalic\x1b[0m\r\n"
    + b"".join(b"\x1b[48;5;%dm  " % i for i in range(16, 52)) + b"\x1b[0m\r\n"
    + "┌──────────┬─────────┐\r\n│ boxes    │ 日本語  │\r\n└──────────┴─────────┘\r\n".encode()
    + b"\x1b[1;32mroot@web\x1b[0m:\x1b[1;34m/srv\x1b[0m# "
)  # fmt: skip


def terminal() -> TerminalView:
    view = TerminalView("Shell in web")
    view.feed(TERMINAL_TEXT)
    return view


STEPS = [
    ("FROM debian:12 — base files", 124_000_000), ("ENV PATH=/usr/local/bin", 0),
    ("RUN apt-get update && apt-get install -y build-essential python3 python3-dev", 231_400_000),
    ("COPY requirements.txt /srv/", 900), ("RUN pip install -r /srv/requirements.txt", 58_000_000),
    ("COPY . /srv", 4_200_000), ("RUN rm -rf /var/lib/apt/lists/* /root/.cache", 0), ("CMD [\"serve\"]", 0),
]  # fmt: skip


def stack() -> LayerStack:
    view = LayerStack()
    view.set_layers(
        [
            StackLayer(i, step, size, f"{size / 1e6:.1f} MB" if size else "0 B",
                       f"{size // 9000:,} files" if size else "no files", size // 5 if i == 2 else 0)
            for i, (step, size) in enumerate(STEPS)
        ]
    )  # fmt: skip
    view.select(2)
    return view


def treemap() -> Treemap:
    def node(name: str, size: int, *children: TreemapNode, tone: Tone | None = None) -> TreemapNode:
        return TreemapNode(f"/{name}", name, size, f"{size / 1e6:.0f} MB", bool(children), tone, children)

    view = Treemap()
    usr = [node("lib", 170_000_000, node("a", 1)), node("share", 60_000_000, node("a", 1)), node("bin", 44_000_000)]
    view.set_nodes(
        [
            node("usr", 290_000_000, *usr),
            node("srv", 61_000_000, node("venv", 50_000_000), node("app", 4_200_000)),
            node("var", 40_000_000, node("cache", 30_000_000, tone=Tone.DANGER)),
            node("etc", 3_000_000, node("ssl", 1_000_000)),
            node("core.12", 22_000_000, tone=Tone.WARNING),
            node("root", 500_000, node("x", 1)),
        ]
    )
    return view


class StaticFiles:
    """A file source of a dictionary."""

    def __init__(self, folders: dict[str, list[FileRow]]) -> None:
        self._folders = folders

    def fetch(self, path: str, done: Callable[[Sequence[FileRow] | None], None]) -> None:
        done(self._folders.get(path, []))


def files() -> FileTree:
    def row(path: str, size: int, change: Change = Change.NONE, *, folder: bool = False) -> FileRow:
        words = f"{size / 1e6:.1f} MB"
        return FileRow(path.rsplit("/", 1)[1], path, folder, size, words, change, details=("0755", "root:root"))

    top = [
        row("/usr", 290_000_000, folder=True), row("/srv", 61_000_000, Change.ADDED, folder=True),
        row("/etc", 3_000_000, Change.CHANGED, folder=True), row("/core.12", 22_000_000, Change.REMOVED),
        row("/notes.txt", 1_000_000, Change.MODE_ONLY),
    ]  # fmt: skip
    inner = [row(f"/usr/{name}", size, folder=True) for name, size in (("lib", 170_000_000), ("share", 60_000_000))]
    view = FileTree("Files", ("Mode", "Owner"))
    view.set_source(StaticFiles({"/": top, "/usr": inner}))
    view.reveal("/usr/lib")
    return view


def waste() -> WasteList:
    view = WasteList()
    view.set_waste(
        [
            WasteRow(f"/var/lib/apt/lists/some.mirror.example_dists_bookworm_main_binary-amd64_Packages.{i}",
                     9_000_000 // (i + 1), f"{9 / (i + 1):.1f} MB", "RUN apt-get update && apt-get install",
                     "RUN rm -rf /var/lib/apt/lists", "removed later")
            for i in range(30)
        ]
    )  # fmt: skip
    return view


def progress() -> ProgressRows:
    view = ProgressRows()
    view.set_rows(
        [
            ProgressRow("8b7c0a8f1a3d", "Done", 100, 100, "41.2 MB", Tone.SUCCESS),
            ProgressRow("1f3e5a9b7c2d", "Downloading", 55, 100, "12.3 of 22.1 MB"),
            ProgressRow("99aabbccddee", "Unpacking", 80, 100, "80 of 100 MB", Tone.INFO),
            ProgressRow("0011deadbeef", "Waiting", 0, 0, ""),
            ProgressRow("c0ffee123456", "Retrying", 20, 100, "2 of 10 MB", Tone.WARNING),
        ]
    )
    return view


def difference() -> DiffView:
    view = DiffView()
    view.set_diff(
        "--- /etc/app.conf (layer 2)\n+++ /etc/app.conf (layer 5)\n@@ -1,4 +1,4 @@\n listen 80\n-workers 2\n"
        "+workers 8\n log info\n"
    )
    return view


def json_tree() -> JsonTree:
    view = JsonTree("Inspect")
    view.set_json(
        {
            "Id": "8b7c0a8f1a3d", "Config": {"Env": ["PATH=/bin", "A=1"], "Tty": False, "User": None},
            "Size": 1234567, "Names": ["web"],
        },
        open_depth=2,
    )  # fmt: skip
    return view


def table(rows: int = 200) -> Table:
    names = ["web", "database", "cache-with-a-rather-long-name-that-must-be-cut", "worker-1", LONG_NAME]
    tones = [Tone.SUCCESS, Tone.SUCCESS, Tone.WARNING, Tone.DANGER, Tone.MUTED]
    states = ["Running", "Running", "Unhealthy", "Exited 137", "Created"]
    columns: list[Column[int]] = [
        Column("dot", "", lambda n: "", tone=lambda n: tones[n % 5]),
        Column("name", "Name", lambda n: names[n % 5], subtext=lambda n: "nginx:1.27-alpine"),
        Column("state", "State", lambda n: states[n % 5], tone=lambda n: tones[n % 5]),
        Column("ports", "Ports", lambda n: "8080"),
        Column("cpu", "CPU", lambda n: f"{n % 97}.4 %"),
        Column("memory", "Memory", lambda n: "93 of 256 MiB"),
        Column("up", "Uptime", lambda n: "3 hours", right=True),
    ]

    class Live(KeyedTableModel[int]):
        def data(self, index, role=0):  # type: ignore[no-untyped-def]
            from gui.models.table import ModelRole

            if role == ModelRole.LIVE:
                number = self.item_at(index.row())
                return wave(60, seed=number) if index.column() == 4 else (20 + number * 7 % 80, 100)
            return super().data(index, role)

    view = Table("Containers", row_height=48)
    model = Live(columns, parent=view)
    model.set_items((str(n), n) for n in range(rows))
    view.setModel(model)
    painters: dict[int, CellPainter] = {
        0: TextCell(), 1: TextCell(strong=True), 2: BadgeCell(),
        3: LinksCell(lambda i: ["8080", "8443", "9000"], lambda i, n: None),
        4: SparklineCell(top=100), 5: MeterCell(), 6: TextCell(secondary=True, tabular=True),
    }  # fmt: skip
    view.set_columns(painters, {0: 36, 2: 110, 3: 130, 4: 160, 5: 150, 6: 100}, stretch=1)
    view.setSortingEnabled(False)
    if rows:
        view.selectRow(1)
    return view


SAMPLES: dict[str, Callable[[], QWidget]] = {
    "controls": controls, "empty": empty, "navigation": navigation, "facts": facts, "charts": chart_grid, "log": log,
    "terminal": terminal, "stack": stack, "treemap": treemap, "files": files, "waste": waste, "progress": progress,
    "difference": difference, "json": json_tree, "table": table,
}  # fmt: skip

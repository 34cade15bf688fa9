"""Who may import whom (DESIGN.md, "Rooms"). A finding names the line to change; all exceptions are written here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.architecture.source import OWN_PROGRAMS, Import, Module, modules, standard_library, within

if TYPE_CHECKING:
    from collections.abc import Callable

QT = ("PySide6", "shiboken6", "qasync", "pyqtgraph")


MAY_OPEN_THE_ENGINE = (
    "engine.owner",  # a window's engine, with the socket beside it
    "engine.cli.serve",  # `wherry serve`: the engine without a window
    "engine.cli.tour",  # `wherry tour`: the engine for a minute, in a temporary store
    "engine.cli.doctor",  # `wherry doctor`: reads the store of an engine that does not run
)


def findings(rule: Callable[[Module, Import], bool]) -> list[str]:
    """Every import for which the rule says "forbidden"."""
    return [
        f"{module.relative}:{found.line} imports {found.target}"
        for module in modules().values()
        for found in module.imports
        if rule(module, found)
    ]


def in_room(module: Module, *rooms: str) -> bool:
    return within(module.name, *rooms)


def test_engine_never_imports_gui_or_qt() -> None:
    assert not findings(lambda module, found: in_room(module, "engine") and within(found.target, "gui", *QT))


def test_resources_import_nothing_of_the_program() -> None:
    assert not findings(lambda module, found: in_room(module, "resources") and within(found.target, "engine", "gui"))


def test_gui_sees_the_facade_only_in_bridge_and_application() -> None:
    def forbidden(module: Module, found: Import) -> bool:
        if not in_room(module, "gui") or not within(found.target, "engine"):
            return False
        # The recipe, the names that compose files go by, .env files as text and how a cluster's pod is are pure: nobody
        # acts by knowing them.
        pure = ("engine.recipe", "engine.compose.project_files", "engine.compose.text.env_text", "engine.kube.states")
        if within(found.target, "engine.types", "engine.errors", *pure):
            return False
        # The entrance names the function that opens the engine, and asks whose window the store has.
        if in_room(module, "gui.__main__") and within(found.target, "engine.storage.paths"):
            return False
        holds_the_engine = in_room(module, "gui.bridge", "gui.application", "gui.__main__")
        return not (holds_the_engine and within(found.target, "engine.facade", "engine.embedded"))

    assert not findings(forbidden)


def test_models_never_import_widgets() -> None:
    forbidden = ("PySide6.QtWidgets", "gui.widgets", "gui.pages", "gui.dialogs")
    assert not findings(lambda module, found: in_room(module, "gui.models") and within(found.target, *forbidden))


def test_widgets_know_nothing_of_containers() -> None:
    forbidden = ("engine", "gui.models", "gui.actions", "gui.pages", "gui.dialogs", "gui.bridge", "gui.presentation")
    # Rows and columns of anything, and which of them are marked; figures in words.
    generic = ("gui.models.table", "gui.models.selection", "gui.presentation.units")
    assert not findings(
        lambda module, found: (
            in_room(module, "gui.widgets") and within(found.target, *forbidden) and not within(found.target, *generic)
        )
    )


def test_presentation_is_pure() -> None:
    forbidden = ("PySide6.QtWidgets", "gui.bridge", "gui.pages", "gui.dialogs", "gui.widgets", "asyncio", "threading")
    assert not findings(lambda module, found: in_room(module, "gui.presentation") and within(found.target, *forbidden))


def test_only_the_bridge_crosses_threads() -> None:
    threads = ("threading", "concurrent.futures", "PySide6.QtConcurrent")
    allowed = ("gui.bridge", "gui.application")
    assert not findings(
        lambda module, found: (
            in_room(module, "gui") and not in_room(module, *allowed) and within(found.target, *threads)
        )
    )


def test_the_contract_leans_on_nothing() -> None:
    def forbidden(module: Module, found: Import) -> bool:
        if not within(found.target, "engine"):
            return False
        if module.name == "engine.errors":
            return True
        if in_room(module, "engine.types"):
            return not within(found.target, "engine.types")
        contract = ("engine.facade", "engine.facade_afar", "engine.facade_lent")
        return module.name in contract and not within(found.target, "engine.types", "engine.errors", *contract)

    assert not findings(forbidden)


def test_api_and_command_line_hold_the_engine_only_by_its_facade() -> None:
    """The socket translates and the command line is its client: neither reaches into a room."""
    # Where the socket is, both sides must know before there is an engine; the recipe is pure, and so is doing several
    # things at once.
    pure = (
        "engine.operations.together",
        "engine.operations.streams",
        "engine.version",
        "engine.whereabouts",
        "engine.socket_folder",
        "engine.recipe",
        "engine.compose.labels",
        "engine.compose.project_files",
        "engine.spoken",  # the facade's own methods as bytes
        "engine.machines",  # names and addresses, of the standard library only
        "engine.kube.states",  # a pod's state in a word, likewise
        "engine.tars",  # trees of files as streams, likewise
    )
    allowed = (
        "engine.types", "engine.errors", "engine.facade", "engine.facade_afar", "engine.api", "engine.cli", *pure,
    )  # fmt: skip

    def forbidden(module: Module, found: Import) -> bool:
        if not in_room(module, "engine.api", "engine.cli") or not within(found.target, "engine"):
            return False
        if module.name in MAY_OPEN_THE_ENGINE:
            return False
        if module.name == "engine.cli.build.build_context" and within(found.target, "engine.builder.language"):
            return False  # the ignore file is read where the context is packed; the language is pure
        if module.name == "engine.cli.reach.far" and found.target == "engine.processes.ssh_program":
            return False  # the way to another machine's engine, of the standard library only
        if module.name == "engine.cli.build.build_wishes" and found.target == "engine.processes.ssh_agent":
            return False  # an agent for keys that a build is given, of the standard library only
        return found.target != "engine" and not within(found.target, *allowed)

    assert not findings(forbidden)


def test_the_recipe_is_pure_and_light() -> None:
    """The command line reads it in milliseconds; the one module that makes typed data of it stands apart."""

    def forbidden(module: Module, found: Import) -> bool:
        if not in_room(module, "engine.recipe") or found.typing_only or standard_library(found.target):
            return False
        if module.name == "engine.recipe.crossing" and within(found.target, "msgspec", "engine.types"):
            return False
        # Two lists of paths, which the engine needs as well.
        pure = within(found.target, "engine.recipe", "engine.types.confinement")
        return not pure or within(found.target, "engine.recipe.crossing")

    assert not findings(forbidden)
    loaded = findings(lambda module, found: in_room(module, "engine.cli") and found.target == "engine.recipe.crossing")
    assert not loaded


def test_nobody_but_the_entrances_opens_the_engine() -> None:
    """`engine.embedded` puts the rooms together; a room that imports it would hold everything."""
    assert not findings(
        lambda module, found: (
            within(found.target, "engine.embedded")
            and not in_room(module, "engine.embedded", "gui.bridge", "gui.application", *MAY_OPEN_THE_ENGINE)
        )
    )


def test_programs_of_their_own_lean_on_the_standard_library_only() -> None:
    """They start in milliseconds, run with `-I -S`, and outlive a change of everything else."""

    def forbidden(module: Module, found: Import) -> bool:
        own = next((program for program in OWN_PROGRAMS if within(module.name, program)), None)
        if own is None or standard_library(found.target) or within(found.target, own):
            return False
        return f"{own}.{found.target}" not in modules()  # siblings are found by their bare names

    assert not findings(forbidden)


def test_no_import_cycles() -> None:
    graph = {
        module.name: sorted({found.target for found in module.imports if not found.typing_only} & modules().keys())
        for module in modules().values()
    }
    assert not sorted(" → ".join(cycle) for cycle in cycles(graph))


def graph_between_parts(parent: str) -> dict[str, list[str]]:
    """What the rooms and files directly in a package need of each other when the program runs."""
    depth = parent.count(".") + 2
    graph: dict[str, set[str]] = {}
    for module in modules().values():
        if not within(module.name, parent) or module.name == parent:
            continue
        part = ".".join(module.name.split(".")[:depth])
        needed = graph.setdefault(part, set())
        for found in module.imports:
            if within(found.target, parent) and found.target in modules() and not found.typing_only:
                needed.add(".".join(found.target.split(".")[:depth]))
    return {part: sorted(needed - {part, parent}) for part, needed in graph.items()}


def test_no_cycles_between_rooms() -> None:
    """What two rooms need of each other is a third's, or is handed in by who puts them together."""
    assert not sorted(" → ".join(cycle) for cycle in cycles(graph_between_parts("engine")))


def test_no_cycles_between_the_rooms_within_a_room() -> None:
    """Files beside such rooms count as rooms of their own."""
    rooms = {name.rpartition(".")[0] for name, module in modules().items() if module.path.name != "__init__.py"}
    found = [
        " → ".join(cycle) for parent in rooms - {"engine", "gui", ""} for cycle in cycles(graph_between_parts(parent))
    ]
    assert not sorted(found)


ON_EACH_OTHER = {
    "engine.containers": ("known", "spec", "run", "end", "make", "watch", "look"),
    "engine.networks": ("host", "limits", "known", "way_out", "names", "neighbours", "look"),
}
"""From the lowest: each knows only those before it. What knows a record's past knows nothing of who looks at it."""


@pytest.mark.parametrize("parent", ON_EACH_OTHER)
def test_the_rooms_of_a_room_stand_on_each_other(parent: str) -> None:
    order = {f"{parent}.{name}": place for place, name in enumerate(ON_EACH_OTHER[parent])}
    graph = graph_between_parts(parent)
    assert order.keys() <= graph.keys()
    wrong = [
        f"{part} needs {needed}"
        for part, place in order.items()
        for needed in graph[part]
        if order.get(needed, -1) >= place
    ]
    assert not wrong


def cycles(graph: dict[str, list[str]]) -> list[list[str]]:
    """The strongly connected groups of more than one module (Tarjan, without recursion)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []
    for start in graph:
        work = [(start, iter(graph[start]))] if start not in order else []
        while work:
            name, targets = work[-1]
            if name not in order:
                order[name] = low[name] = len(order)
                stack.append(name)
            step = next((t for t in targets if t not in order or t in stack), None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == order[name]:
                    cut = stack.index(name)
                    group, stack[cut:] = stack[cut:], []
                    found += [[*group, group[0]]] if len(group) > 1 else []
            elif step in order:
                low[name] = min(low[name], order[step])
            else:
                work.append((step, iter(graph[step])))
    return found


def test_the_cycle_finder_finds_cycles() -> None:
    graph = {"a": ["b"], "b": ["c"], "c": ["a", "d"], "d": [], "e": ["d"]}

    assert [sorted(set(cycle)) for cycle in cycles(graph)] == [["a", "b", "c"]]
    assert not cycles({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []})

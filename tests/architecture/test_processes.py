"""`engine/processes` alone starts programs; the engine's own programs aside, which start what they are for."""

from __future__ import annotations

import ast

from tests.architecture.source import OWN_PROGRAMS, Module, modules, within

ROOMS = ("engine.processes", *OWN_PROGRAMS)

REPLACES_ITSELF = {
    "engine/cli/main.py",  # `wherry` without a verb becomes the window by exec; nothing is started beside it
}

STARTS_THE_KEEPER = {
    "engine/sandbox/channel.py",  # the engine's end of the keeper; through it everything else is started
}

STARTING_CALLS = {
    "os": {"system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp"},
    "pty": {"fork", "spawn"},
    "asyncio": {"create_subprocess_exec", "create_subprocess_shell"},
}
EXEC_PREFIXES = ("exec", "spawn")
STARTING_MODULES = ("subprocess", "multiprocessing", "_posixsubprocess")


def starts(module: Module) -> list[str]:
    found = [f"{module.relative}:{i.line} imports {i.target}" for i in module.imports_from(*STARTING_MODULES)]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            is_exec = owner == "os" and node.attr.startswith(EXEC_PREFIXES) and module.relative not in REPLACES_ITSELF
            if is_exec or node.attr in STARTING_CALLS.get(owner, ()) or node.attr.startswith("subprocess_"):
                found.append(f"{module.relative}:{node.lineno} uses {owner}.{node.attr}")
        elif isinstance(node, ast.Name) and node.id in ("QProcess", "fork"):
            found.append(f"{module.relative}:{node.lineno} uses {node.id}")
    return found


def test_only_processes_starts_programs() -> None:
    assert not [
        line
        for module in modules().values()
        if not within(module.name, *ROOMS) and module.relative not in STARTS_THE_KEEPER
        for line in starts(module)
    ]


def test_the_rule_sees_a_start() -> None:
    text = "import os, subprocess\nos.execv('/x', [])\nasyncio.create_subprocess_exec('x')\nos.path.join('a')\n"
    module = next(iter(modules().values()))
    sample = Module("engine.x", module.path, text, ast.parse(text), ())

    assert len(starts(sample)) == 2

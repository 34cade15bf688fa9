"""The command prints through one printer, which makes inert what came from elsewhere (engine/cli/printed/paper.py)."""

from __future__ import annotations

import ast

from tests.architecture.source import Module, modules, within

PRINTER = "engine.cli.printed.paper"
PASSES_BYTES = "engine.cli.streams.frames"
"""Output of containers' own programs, and archives."""
_STREAMS = ("stdout", "stderr")


def prints(module: Module) -> list[str]:
    """Calls of print, writes to standard streams by any name, and raw descriptors."""
    found = []
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        owner, _, method = called.rpartition(".")
        raw = called == "os.write" and module.name != PASSES_BYTES
        to_stream = method in ("write", "writelines") and (
            owner.split(".")[-1] in _STREAMS or owner.endswith(("out", "err"))
        )
        buffered = any(f"{stream}.buffer" in called for stream in _STREAMS)
        if called == "print" or raw or to_stream or buffered:
            found.append(f"{module.relative}:{node.lineno} calls {called}")
    return found


def test_the_command_prints_by_its_printer_alone() -> None:
    assert not [
        line
        for module in modules().values()
        if within(module.name, "engine.cli") and module.name != PRINTER
        for line in prints(module)
    ]


def test_the_rule_sees_every_other_way() -> None:
    text = "\n".join(
        (
            "print('x')",
            "sys.stdout.write('x')",
            "sys.stderr.buffer.write(b'x')",
            "self._out.write('x')",
            "os.write(1, b'')",
        )
    )
    module = next(iter(modules().values()))
    sample = Module("engine.cli.x", module.path, text + "\nfile.write('x')\nsay('x')\n", ast.parse(text), ())
    assert len(prints(sample)) == 5

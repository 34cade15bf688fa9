"""Levels are guessed from how programs really write them, and from nothing else."""

from __future__ import annotations

import pytest

from engine.logs.written.level import guess_level


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ('{"level":"warn","msg":"x"}', "warning"),
        ('{"time":1,"level":50,"msg":"pino"}', "error"),
        ('{"msg":"no level here, error though"}', ""),
        ('{"severity":"CRITICAL"}', "fatal"),
        ('time=2026-01-01T00:00:00Z level=error msg="it broke"', "error"),
        ("ts=1 caller=a.go:1 a=1 b=2 c=3 d=4 e=5 f=6 g=7 level=debug", "debug"),
        ("2026/11/21 05:47:16 [error] 31#31: *1 open() failed", "error"),
        ("2026-11-21 05:47:16,123 - app - WARNING - slow", "warning"),
        ("ERROR:root:boom", "error"),
        ("E1121 05:47:16.123456       1 main.go:10] failed", "error"),
        ("I1121 05:47:16.123456       1 main.go:10] fine", "info"),
        ("<3>kernel: bad", "error"),
        ("2026-11-21 05:47:16.123 UTC [1] LOG:  database system is ready", "info"),
        ("2026-11-21 05:47:16.123 UTC [1] FATAL:  password authentication failed", "fatal"),
        ("1:M 21 Nov 2026 05:47:16.123 * Ready to accept connections", ""),
        ("\x1b[32mINFO\x1b[0m  server started", "info"),
        ("panic: runtime error: index out of range", "fatal"),
        ("WARN  [main] org.example.App - low disk", "warning"),
        ("there was no error at all", ""),
        ("0 errors, 12 passed", ""),
        ("", ""),
        ("   ", ""),
    ],
)
def test_level(text: str, level: str) -> None:
    assert guess_level(text) == level

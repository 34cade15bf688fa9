"""`wherry build --progress rawjson`: a build's progress in the very words that buildx prints for machines."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from engine.api.buildkit.progress import Board

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.api.buildkit.wire.messages_pb2 import StatusResponse
    from engine.types.builds import Build, BuildOutput


class RawTranscript:
    """Of one build: what is new since the last look, as messages of the answer."""

    def __init__(self, build_id: str) -> None:
        self._board = Board(build_id)
        self._told = 0

    def steps(self, build: Build) -> list[dict[str, Any]]:
        self._board.steps(build)
        return self._news()

    def output(self, lines: Sequence[BuildOutput]) -> list[dict[str, Any]]:
        self._board.output(lines)
        return self._news()

    def _news(self) -> list[dict[str, Any]]:
        said = self._board.said[self._told :]
        self._told += len(said)
        return [{"aux": {"progress": _as_json(each)}} for each in said]


def _as_json(response: StatusResponse) -> dict[str, Any]:
    vertexes = [
        {
            "digest": each.digest,
            "inputs": list(each.inputs),
            "name": each.name,
            "started": each.started.ToJsonString() if each.HasField("started") else None,
            "completed": each.completed.ToJsonString() if each.HasField("completed") else None,
            "cached": each.cached,
            "error": each.error,
        }
        for each in response.vertexes
    ]
    logs = [
        {
            "vertex": each.vertex,
            "stream": each.stream,
            "data": base64.b64encode(each.msg).decode(),
            "timestamp": each.timestamp.ToJsonString(),
        }
        for each in response.logs
    ]
    whole = {"vertexes": vertexes, "logs": logs}
    # What is not so is left out, as there.
    return {
        kind: [{key: value for key, value in each.items() if value} for each in rows]
        for kind, rows in whole.items()
        if rows
    }

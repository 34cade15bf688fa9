"""`--check`, `--call=outline` and `--call=targets`: a Dockerfile's report as the data that clients print."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, Final

from engine.api.buildkit.wire.messages_pb2 import Position, Range, SourceInfo, StatusResponse, VertexWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from engine.types.builds import RecipeReport, RecipeTarget

_VERSION: Final = "1.0.0"
_MOST_WARNINGS: Final = 100
_RULES: Final = "https://docs.docker.com/go/dockerfile/rule/"


def metadata_of(question: str, report: RecipeReport) -> dict[str, bytes] | None:
    """The metadata of a result that answers a question; None for a question that is not known."""
    found = _ANSWERS.get(question)
    if found is None:
        return None
    answer, lines = found[0](report), found[1](report)
    said = {
        "result.json": json.dumps(answer, indent=2).encode(),
        "result.txt": "".join(f"{line}\n" for line in lines).encode(errors="replace"),
        "version": _VERSION.encode(),
    }
    if question == "frontend.lint":
        said["result.statuscode"] = b"1" if report.warnings or report.problem else b"0"
    return said


def warnings_of(report: RecipeReport, vertex: str) -> StatusResponse:
    """Findings, beside a build that goes on."""
    info = SourceInfo(filename=report.filename, data=report.text.encode(errors="replace"), language="Dockerfile")
    response = StatusResponse()
    for each in report.warnings[:_MOST_WARNINGS]:
        place = Range(start=Position(line=each.line), end=Position(line=each.end_line or each.line))
        short = f"{each.rule}: {each.detail} (line {each.line})"
        response.warnings.append(
            VertexWarning(
                vertex=vertex,
                level=1,
                short=short.encode(errors="replace"),
                detail=[each.description.encode()],
                url=rule_url(each.rule),
                info=info,
                ranges=[place],
            )
        )
    return response


def needs_a_plan(question: str) -> bool:
    """A report of what cannot be built answers only a check, which tells the fault itself."""
    return question in ("frontend.outline", "frontend.targets")


def rule_url(rule: str) -> str:
    dashed = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", rule).lower()
    return f"{_RULES}{dashed}/"


def _place(line: int, end: int = 0) -> dict[str, Any]:
    return {"ranges": [{"start": {"line": line}, "end": {"line": end or line}}]} if line else {}


def _sources(report: RecipeReport) -> list[dict[str, Any]]:
    data = base64.b64encode(report.text.encode(errors="replace")).decode()
    return [{"filename": report.filename, "language": "Dockerfile", "data": data}]


def _lint(report: RecipeReport) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "warnings": [
            {
                "ruleName": each.rule,
                "description": each.description,
                "url": rule_url(each.rule),
                "detail": each.detail,
                "location": _place(each.line, each.end_line),
            }
            for each in report.warnings
        ],
        "sources": _sources(report),
    }
    if report.problem:
        answer["buildError"] = {"message": report.problem, "location": _place(report.problem_line)}
    return answer


def _lint_lines(report: RecipeReport) -> Iterable[str]:
    for each in report.warnings:
        yield f"{report.filename}:{each.line}: {each.rule}: {each.detail}"
    if report.problem:
        yield report.problem


def _outline(report: RecipeReport) -> dict[str, Any]:
    target = report.target
    answer: dict[str, Any] = {
        "name": target.name if target else "",
        "description": target.description if target else "",
        "args": [
            {"name": each.name, "description": each.description, "value": each.value, "location": _place(each.line)}
            for each in report.arguments
        ],
        "secrets": [{"name": each.name, "required": each.required} for each in report.secrets],
        "ssh": [{"name": each.name, "required": each.required} for each in report.agents],
        "cache": [{"ID": each} for each in report.caches],
        "sources": [base64.b64encode(report.text.encode(errors="replace")).decode()],
    }
    return {name: value for name, value in answer.items() if value}


def _outline_lines(report: RecipeReport) -> Iterable[str]:
    yield f"TARGET: {_shown(report.target) if report.target else ''}"
    yield from (f"ARG: {each.name}={each.value}  {each.description}".rstrip() for each in report.arguments)
    for word, needs in (("SECRET", report.secrets), ("SSH", report.agents)):
        yield from (f"{word}: {each.name}{' (required)' if each.required else ''}" for each in needs)


def _targets(report: RecipeReport) -> dict[str, Any]:
    return {
        "targets": [
            {
                "name": each.name,
                "default": each.default,
                "description": each.description,
                "base": each.base,
                "platform": each.platform,
                "location": _place(each.line),
            }
            for each in report.targets
        ],
        "sources": [base64.b64encode(report.text.encode(errors="replace")).decode()],
    }


def _targets_lines(report: RecipeReport) -> Iterable[str]:
    return (f"{_shown(each)}  {each.description}".rstrip() for each in report.targets)


def _shown(target: RecipeTarget) -> str:
    return f"{target.name} (default)".strip() if target.default else target.name


def _questions(_: RecipeReport) -> Any:
    names = [{"name": "result.json"}, {"name": "result.txt"}]
    return [
        {"name": question, "version": _VERSION, "type": "rpc", "description": about, "metadata": names}
        for question, about in _ABOUT.items()
    ]


def _question_lines(_: RecipeReport) -> Iterable[str]:
    return (f"{question}  {about}" for question, about in _ABOUT.items())


_ABOUT: Final = {
    "frontend.outline": "What a target asks for: arguments, secrets, agents",
    "frontend.targets": "The targets of a Dockerfile",
    "frontend.lint": "What a Dockerfile had better say otherwise",
    "frontend.subrequests.describe": "These questions",
}
_ANSWERS: Final[dict[str, tuple[Callable[[RecipeReport], Any], Callable[[RecipeReport], Iterable[str]]]]] = {
    "frontend.lint": (_lint, _lint_lines),
    "frontend.outline": (_outline, _outline_lines),
    "frontend.targets": (_targets, _targets_lines),
    "frontend.subrequests.describe": (_questions, _question_lines),
}

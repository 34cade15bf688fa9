"""The verbs of `wherry compose`, in docker compose's words and with its exit codes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from engine.cli.compose.project import DRY_RUN, has_tty, name_of, short_name
from engine.cli.options import UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.wire import Failed, quote
from engine.compose.labels import DEPENDS_ON, SERVICE

if TYPE_CHECKING:
    import queue
    from collections.abc import Callable, Iterator, Sequence

    from engine.cli.compose.project import Chosen
    from engine.cli.options import Given

    Row = dict[str, Any]


# --- up and down ---


def _up_request(chosen: Chosen, given: Given, *, start: bool) -> Row:
    for one, other in (("force-recreate", "no-recreate"), ("build", "no-build")):
        if given.flag(one) and given.flag(other):
            raise UsageError(f"--{one} and --{other} are incompatible")
    pull = given.text("pull") or "policy"
    if pull not in ("policy", "always", "missing", "never"):
        raise UsageError(f'invalid --pull option "{pull}"')
    return {
        "source": chosen.source(),
        "services": given.arguments,
        "dependencies": not given.flag("no-deps"),
        "scale": _scales(given.list("scale")),
        "recreate": "always" if given.flag("force-recreate") else "never" if given.flag("no-recreate") else "changed",
        "recreate_dependencies": given.flag("always-recreate-deps"),
        "keep_files": not given.flag("new-files"),
        "build": given.flag("build"),
        "no_build": given.flag("no-build"),
        "renew_anonymous": given.flag("renew-anon-volumes"),
        "pull": pull,
        "remove_orphans": given.flag("remove-orphans"),
        "start": start and not given.flag("no-start"),
        "wait": given.flag("wait") or given.has("wait-timeout"),
        "wait_timeout": given.number("wait-timeout"),
        "timeout": given.number("timeout"),
    }


def _scales(words: Sequence[str]) -> dict[str, int]:
    scales = {}
    for word in words:
        service, equals, count = word.partition("=")
        if not equals or not count.isdigit():
            raise UsageError(f"invalid --scale option {word!r}. Should be SERVICE=NUM")
        scales[service] = int(count)
    return scales


def up(chosen: Chosen, given: Given) -> int:
    from engine.cli.compose.steps import follow

    request = _up_request(chosen, given, start=True)
    chosen.reading()
    if chosen.dry_run:
        return _show_plan(chosen, request)
    answer = chosen.client.ask("POST", "/wherry/projects/up", body=request)
    plain = chosen.options.text("progress") == "plain"
    follow(answer.messages(), quiet=chosen.quiet, plain=plain)
    if given.flag("detach") or given.flag("no-start") or request["wait"]:
        return 0
    if given.flag("watch"):
        _watch_beside(chosen, given.arguments)
    return _stay(chosen, given)


def _watch_beside(chosen: Chosen, services: Sequence[str]) -> None:
    """Follow the files while the logs are shown; what is done for them is told between the lines."""
    import threading

    from engine.cli.compose.steps import follow
    from engine.cli.reach.link import engine

    request = {"source": chosen.source(), "services": list(services), "up": False}

    def run() -> None:
        try:
            follow(engine().ask("POST", "/wherry/projects/watch", body=request).messages(), plain=True)
        except Failed as error:
            say(f"Error: {error.message}", file=sys.stderr)

    threading.Thread(target=run, daemon=True).start()


def _stay(chosen: Chosen, given: Given) -> int:
    """Show what the services say until they end; Ctrl+C stops them."""
    from engine.cli.compose.following import Follower, log_options

    rows = _attached(chosen, given)
    colour = sys.stdout.isatty() and not given.flag("no-color")
    follower = Follower(chosen.client, colour=colour, prefix=not given.flag("no-log-prefix"))
    names = {row["Id"]: short_name(chosen, row) for row in rows}
    follower.names(names.values())
    code = 0
    try:
        for row in rows:
            asked = log_options(follow=True, times=given.flag("timestamps"))
            follower.follow(row["Id"], names[row["Id"]], asked, tty=has_tty(chosen, row["Id"]))
        failed_only = given.flag("abort-on-container-failure")
        if failed_only or given.flag("abort-on-container-exit") or given.text("exit-code-from"):
            code = _first_end(chosen, rows, given.text("exit-code-from"), failed_only=failed_only)
            _each(chosen, rows, "stop", {"t": given.number("timeout")})
        else:
            follower.wait()
    except KeyboardInterrupt:
        say("Gracefully stopping... (press Ctrl+C again to force)", file=sys.stderr)
        try:
            _each(chosen, rows, "stop", {"t": given.number("timeout")})
        except KeyboardInterrupt:
            _each(chosen, rows, "kill", {})
        return 130
    return code


def _attached(chosen: Chosen, given: Given) -> list[Row]:
    """Whose output is shown: the named services', with what they need if asked; all where none is named."""
    wanted = given.list("attach") or given.arguments
    if given.flag("attach-dependencies") and wanted:
        waits = chosen.reading()["depends_on"]
        wanted = list(wanted)
        for name in wanted:  # grows while it is walked
            wanted += [other for other in waits.get(name, ()) if other not in wanted]
    rows = chosen.containers(wanted, everything=False)
    return [row for row in rows if row["Labels"].get(SERVICE) not in given.list("no-attach")]


def _first_end(chosen: Chosen, rows: Sequence[Row], wanted: str, *, failed_only: bool) -> int:
    """The exit code of the named service, or of the first that ends; with `failed_only`, that does not end well."""
    service, code = "", 0
    for row, code in _ends(chosen, rows):
        service = row["Labels"].get(SERVICE, "")
        if code or not failed_only:
            break
    if not wanted or service == wanted:
        return code
    for row in rows:
        if row["Labels"].get(SERVICE) == wanted:
            chosen.client.post(f"/containers/{row['Id']}/stop")
            return int(chosen.client.get(f"/containers/{row['Id']}/json")["State"]["ExitCode"])
    return 0


def _ends(chosen: Chosen, rows: Sequence[Row]) -> Iterator[tuple[Row, int]]:
    """Each with its exit code, as they end."""
    import queue
    import threading

    ended: queue.SimpleQueue[tuple[Row, int | Failed]] = queue.SimpleQueue()

    def wait(row: Row) -> None:
        try:
            ended.put((row, int(chosen.client.post(f"/containers/{row['Id']}/wait")["StatusCode"])))
        except Failed as error:
            ended.put((row, error))

    for row in rows:
        threading.Thread(target=wait, args=(row,), daemon=True).start()
    for _ in rows:
        row, code = _taken(ended)
        if isinstance(code, Failed):
            raise code
        yield row, code


def _taken(ended: queue.SimpleQueue[tuple[Row, int | Failed]]) -> tuple[Row, int | Failed]:
    """Waits so that Ctrl+C is heard."""
    import queue

    while True:
        try:
            return ended.get(timeout=0.2)
        except queue.Empty:
            continue


def create(chosen: Chosen, given: Given) -> int:
    from engine.cli.compose.steps import follow

    request = _up_request(chosen, given, start=False)
    chosen.reading()
    if chosen.dry_run:
        return _show_plan(chosen, request)
    follow(chosen.client.ask("POST", "/wherry/projects/up", body=request).messages(), quiet=chosen.quiet)
    return 0


def scale(chosen: Chosen, given: Given) -> int:
    from engine.cli.compose.steps import follow

    scales = _scales(given.arguments)
    request = {
        "source": chosen.source(),
        "services": list(scales),
        "scale": scales,
        "recreate": "never",
        "dependencies": not given.flag("no-deps"),
    }
    chosen.reading()
    if chosen.dry_run:
        return _show_plan(chosen, request)
    follow(chosen.client.ask("POST", "/wherry/projects/up", body=request).messages(), quiet=chosen.quiet)
    return 0


def plan(chosen: Chosen, given: Given) -> int:
    chosen.reading()
    return _show_plan(chosen, _up_request(chosen, given, start=True), form=given.text("format"))


def _show_plan(chosen: Chosen, request: Row, *, path: str = "plan", form: str = "") -> int:
    from engine.cli.compose.project import tell_problems
    from engine.cli.compose.steps import plan_text

    made = chosen.client.post(f"/wherry/projects/{path}", body=request)
    tell_problems(made["problems"])
    if form == "json":
        import json

        say(json.dumps(made, indent=2, ensure_ascii=False))
    else:
        say(plan_text(made))
    return 0


def down(chosen: Chosen, given: Given) -> int:
    images = given.text("rmi")
    if images not in ("", "all", "local"):
        raise UsageError(f'invalid value for --rmi: "{images}"')
    request = {
        "name": chosen.name,
        "source": chosen.source() if chosen.files else None,
        "services": given.arguments,
        "volumes": given.flag("volumes"),
        "images": images,
        "orphans": given.flag("remove-orphans"),
        "timeout": given.number("timeout"),
    }
    if chosen.dry_run:
        return _show_plan(chosen, request, path="plan-down")
    return _take_down(chosen, request)


def _take_down(chosen: Chosen, request: Row) -> int:
    from engine.cli.compose.steps import follow

    follow(chosen.client.ask("POST", "/wherry/projects/down", body=request).messages(), quiet=chosen.quiet)
    return 0


def rollback(chosen: Chosen, given: Given) -> int:
    from engine.cli.compose.steps import follow

    answer = chosen.client.ask("POST", f"/wherry/projects/{quote(chosen.name)}/roll-back")
    follow(answer.messages(), quiet=chosen.quiet)
    return 0


def history(chosen: Chosen, given: Given) -> int:
    from engine.cli.printed.tables import table

    runs = chosen.client.get(f"/wherry/projects/{quote(chosen.name)}/history")
    rows = [["STARTED", "ENDED", "CHANGES"]]
    for run in reversed(runs):
        ended = run["failure"]["title"] if run["failure"] else "well" if run["ended"] else "cut off"
        rows.append([run["started"][:19].replace("T", " "), ended, ", ".join(run["changes"]) or "nothing"])
    say(table(rows), end="")
    return 0


def watch(chosen: Chosen, given: Given) -> int:
    """Follow files until Ctrl+C: that is how one ends it, so it is no failure."""
    from engine.cli.compose.steps import follow

    chosen.reading()
    request = {"source": chosen.source(), "services": given.arguments, "up": not given.flag("no-up")}
    answer = chosen.client.ask("POST", "/wherry/projects/watch", body=request)
    try:
        follow(answer.messages(), quiet=chosen.quiet or given.flag("quiet"), plain=True)
    except KeyboardInterrupt:
        return 130
    return 0


# --- one act on every container ---


def _each(chosen: Chosen, rows: Sequence[Row], act: str, values: Row, *, word: str = "") -> int:
    """Side by side, as docker compose does; every failure is told."""
    if chosen.dry_run:
        for row in rows:
            say(f" {DRY_RUN}Container {name_of(row)}  {word or act}", file=sys.stderr)
        return 0
    from concurrent.futures import ThreadPoolExecutor

    def one(row: Row) -> str:
        try:
            chosen.client.post(f"/containers/{row['Id']}/{act}", values)
        except Failed as error:
            return error.message
        return ""

    with ThreadPoolExecutor(16) as pool:
        failures = list(pool.map(one, rows))
    for row, failure in zip(rows, failures, strict=True):
        if word and not chosen.quiet:
            say(f" Container {name_of(row)}  {'Error: ' + failure if failure else word}", file=sys.stderr)
        elif failure:
            say(f"Error: {failure}", file=sys.stderr)
    return 1 if any(failures) else 0


def _simple(
    act: str, word: str, values: Callable[[Given], Row], states: tuple[str, ...] = ()
) -> Callable[[Chosen, Given], int]:
    def run(chosen: Chosen, given: Given) -> int:
        rows = chosen.containers(given.arguments)
        if not rows and act != "kill":
            raise Failed(0, f'no containers found for project "{chosen.name}": not found')
        wanted = [row for row in rows if not states or row["State"] in states]
        return _each(chosen, wanted, act, values(given), word=word)

    return run


def _grace(given: Given) -> Row:
    return {"t": given.number("timeout")}


_start = _simple("start", "Started", lambda _: {})


def start(chosen: Chosen, given: Given) -> int:
    code = _start(chosen, given)
    if code or chosen.dry_run or not (given.flag("wait") or given.has("wait-timeout")):
        return code
    from engine.cli.compose.steps import follow

    source = {"source": chosen.source(), "services": given.arguments, "recreate": "never", "dependencies": False}
    request = {**source, "wait": True, "wait_timeout": given.number("wait-timeout")}
    follow(chosen.client.ask("POST", "/wherry/projects/up", body=request).messages(), quiet=True)
    return 0


stop = _simple("stop", "Stopped", _grace, ("running", "paused", "restarting"))
_restart = _simple("restart", "Started", _grace)


def restart(chosen: Chosen, given: Given) -> int:
    """And those that asked to be restarted with what they depend on."""
    code = _restart(chosen, given)
    if code or given.flag("no-deps") or not given.arguments:
        return code
    wished = {f"{service}:{condition}:true" for service in given.arguments
              for condition in ("service_started", "service_healthy", "service_completed_successfully")}  # fmt: skip
    rows = [
        row
        for row in chosen.containers()
        if row["Labels"].get(SERVICE) not in given.arguments
        and wished & set(row["Labels"].get(DEPENDS_ON, "").split(","))
        and row["State"] == "running"
    ]
    return _each(chosen, rows, "restart", _grace(given), word="Started")


pause = _simple("pause", "Paused", lambda _: {}, ("running",))
unpause = _simple("unpause", "Unpaused", lambda _: {}, ("paused",))
kill = _simple("kill", "Killed", lambda given: {"signal": given.text("signal")}, ("running", "paused", "restarting"))


def rm(chosen: Chosen, given: Given) -> int:
    from engine.cli.printed.asking import confirmed

    rows = chosen.containers(given.arguments)
    if given.flag("stop"):
        _each(chosen, rows, "stop", {}, word="Stopped" if chosen.dry_run else "")
    else:
        rows = [row for row in rows if row["State"] not in ("running", "paused", "restarting")]
    if not rows:
        say("No stopped containers", file=sys.stderr)
        return 0
    say(f"Going to remove {', '.join(map(name_of, rows))}", file=sys.stderr)
    if chosen.dry_run:
        return _each(chosen, rows, "remove", {}, word="Removed")
    if not given.flag("force") and not confirmed(""):
        return 0
    for row in rows:
        chosen.client.delete(f"/containers/{row['Id']}", {"force": True, "v": given.flag("volumes")})
    return 0


def wait(chosen: Chosen, given: Given) -> int:
    """Told as each ends; the last one's exit code is the command's."""
    rows = chosen.containers(given.arguments)
    if not rows:
        raise Failed(0, f'no containers for project "{chosen.name}"')
    code = 0
    for row, code in _ends(chosen, rows):
        say(f'container "{row["Id"]}" exited with status code {code}')
    if given.flag("down-project"):
        _take_down(chosen, {"name": chosen.name, "source": chosen.source() if chosen.files else None})
    return code

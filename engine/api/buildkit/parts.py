"""What all connections of BuildKit's door share. Made with the first of them: nobody else loads HTTP/2 and its
messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.api.buildkit.connections.sessions import Sessions
    from engine.api.buildkit.jobs import Jobs
    from engine.api.buildkit.results.past import Past
    from engine.facade import Engine


class Parts:
    """The jobs and sessions of one socket, and its look at what is over."""

    def __init__(self) -> None:
        self._jobs: Jobs | None = None
        self._sessions: Sessions | None = None
        self._past: Past | None = None

    @property
    def jobs(self) -> Jobs:
        if self._jobs is None:
            from engine.api.buildkit.jobs import Jobs

            self._jobs = Jobs()
        return self._jobs

    @property
    def sessions(self) -> Sessions:
        if self._sessions is None:
            from engine.api.buildkit.connections.sessions import Sessions

            self._sessions = Sessions()
        return self._sessions

    def past(self, engine: Engine) -> Past:
        if self._past is None:
            from engine.api.buildkit.results.past import Past

            self._past = Past(engine, self.jobs)
        return self._past

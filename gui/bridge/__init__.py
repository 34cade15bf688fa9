"""The only room that crosses threads: the engine's thread, the client that pages hold, and the mailboxes between."""

from gui.bridge.changes import ChangeSet, KindChange
from gui.bridge.client import EngineClient, Lease, OperationTicket
from gui.bridge.terminal_link import TerminalLink

__all__ = ["ChangeSet", "EngineClient", "KindChange", "Lease", "OperationTicket", "TerminalLink"]

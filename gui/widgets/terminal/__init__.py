"""A terminal: pyte reads the escape sequences, `TerminalView` draws and types.

view = TerminalView("Shell in web")
view.typed(bytes)                     signal: send these to the process
view.resized(rows, columns)           signal: tell the pty (also once when first shown)
view.title_changed(str), view.bell()  signals
view.feed(data: bytes)                output of the process; returns at once, is worked off in slices
view.backlog -> int                   bytes not yet drawn; stop reading while it is above some 256 KiB
view.drained()                        signal: the backlog is empty again
view.set_finished("Process ended…")   no more typing; Enter emits `restart_wanted`
view.copy() .paste() .select_all() .clear_scrollback() .set_zoom(f) .find(text, backwards=False)
"""

from gui.widgets.terminal.view import TerminalView

__all__ = ["TerminalView"]

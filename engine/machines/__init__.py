"""Other machines whose engines can be asked: their list, what other tools know of them, and the way to each.

The standard library only: the `wherry` command reads it in milliseconds, the engine uses the same words.
"""

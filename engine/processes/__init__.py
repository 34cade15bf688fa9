"""The programs the engine lives by, each as a pure builder of its command line and a parser of what it says.

With the keeper (which starts itself) this is the only room that knows of programs; the others say what they want.
"""

"""The keeper: a single-threaded program of the standard library alone that lives in the user and mount namespace.

Threads and user namespaces exclude each other, so the engine cannot enter one: it starts this program and asks it.
`python -I -S <this folder>` with the descriptor of a socket as its argument. Nothing here may import from outside this
package but the standard library, and what is imported at start is paid at every start of the engine.
"""

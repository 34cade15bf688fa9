"""Control groups: where they may be made on this host, limits as files and values, freezing, killing, proof of OOM.

Three shapes of host behind one `ContainerCgroup`: v2 with a delegated subtree (the main case), v1 or hybrid hierarchies
that the user may write to, and none. Nothing here starts programs; signals are sent by whoever is given in.
"""

"""The names server: a program of its own that tells containers where their neighbours are, engine or no engine.

    python3 -I -S engine/networks/names TABLE SOCKET VERSION

One process answers for all networks of a store, at each network's gateway. What it knows is a table that the engine
writes by rename; what it does not know it asks the host's resolvers. Standard library only.
"""

"""A container's recipe in all its spellings: a line of words, Docker's JSON body, a compose service.

A recipe here is plain data: a dictionary with the fields of `engine.types.containers.ContainerSpec`, lists for tuples.
So the command line, which starts in milliseconds, reads and writes it without loading what the engine is built of; only
`crossing` makes the typed recipe of it. Everything a field is, is one row of `rows`.
"""

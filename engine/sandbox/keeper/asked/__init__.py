"""What is asked of the keeper and what it answers: plain data that both ends share, a module for each subject.

An operation travels as the name of its class and its fields in order, an answer as its fields in order. Both ends come
from one tree, so there are no versions. Paths are paths in the engine and strings once they have travelled.
"""

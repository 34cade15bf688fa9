"""The facade as two Wherrys speak it: a method by its name, its values as MessagePack, streams as frames.

`engine/api/wherry/spoken.py` answers, `engine/remote` asks. What the facade gains both ends have: nothing is
listed twice.
"""

"""Frozen data that crosses the facade, named by direction: requests go in, snapshots come out, events happened.

Plain values only: no handles, no methods that act. All are `msgspec.Struct`, so they compare and turn into JSON as they
are. Times are aware UTC `datetime`; high-rate data carries integer nanoseconds instead.
"""

"""Anything that takes time: started in one place, seen by all, cancelled by id, remembered when it is over."""

"""The rules of the house, checked on the source itself, so that they hold without being remembered."""

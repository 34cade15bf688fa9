"""The kinds of values that fields of a recipe have, each in all its spellings."""

"""The form of a container: fields, rows, sections, and the whole that turns a recipe into a form and back."""

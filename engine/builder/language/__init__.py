"""The Dockerfile language, pure: text in; typed instructions, or an error with line and column, out."""

"""What becomes of a build: exports, statements, reports, and the builds that are over."""

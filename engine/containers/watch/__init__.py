"""Looked after: ends noticed, health asked, rows and machine held against each other, all found again."""

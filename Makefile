# Wherry. Two commands: `make run` and `make test`.

.PHONY: help run setup check test lock translations deb test-deb test-fresh clean

help:
	@echo 'make run           set up what is missing and open the window (without a display: take the tour)'
	@echo 'make test          set up what is missing and run everything CI runs'
	@echo 'make setup         set up only; then .venv/bin/wherry is the program'
	@echo 'make check         lint, types, rules and unit tests: about two minutes'
	@echo 'make deb           build the Debian package into dist/'
	@echo 'make test-fresh    prove make run and the set-up of make test in clean Debian systems (as root)'
	@echo 'make test-deb      install that package in a clean Debian root and take the tour there (as root)'
	@echo 'make translations  collect the texts of the window and compile their translations'
	@echo 'make lock          choose the newest Python packages and write their hashes to the lock files'

run:
	@packaging/setup run
	@packaging/launch

setup:
	@packaging/setup run

check:
	@packaging/setup test
	@tests/run check

test:
	@packaging/setup test
	@tests/run all

lock:
	@packaging/setup test
	@packaging/lock

translations:
	@packaging/setup test
	@packaging/translations

deb:
	@packaging/build-deb

test-fresh:
	@packaging/test-fresh

test-deb:
	@packaging/test-deb

clean:
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache *.egg-info
	find engine gui resources tests -name __pycache__ -type d -prune -exec rm -rf {} +

"""What is found in whole histories, beside the engine. Empty: the worker must start fast."""

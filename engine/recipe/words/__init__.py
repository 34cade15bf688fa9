"""Words of a line before they mean anything: pasted text as a shell takes it, options told from arguments."""

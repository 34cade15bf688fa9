"""Trees of files as tar streams: packed as they are sent, unpacked so that nothing leaves its folder."""

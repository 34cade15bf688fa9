"""Trees as tar streams and back: layers packed and unpacked, their index, what marks a thing as gone."""

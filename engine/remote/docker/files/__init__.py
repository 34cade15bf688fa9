"""Files in its containers and volumes, by archives and by a shell."""

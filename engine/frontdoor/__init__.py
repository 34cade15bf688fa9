"""The front door: `http://NAME.PROJECT.localhost:PORT` for every service, through one listener on the loopback."""

"""Where files come from that a build copies: directories, archives, repositories, the web."""

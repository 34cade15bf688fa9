"""Network namespaces, bridges, and what joins the ones to the others."""

"""Its images: their layers streamed once and kept here, builds there, logins."""

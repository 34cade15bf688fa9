"""The gallery: well-known services as compose templates with a short form each."""

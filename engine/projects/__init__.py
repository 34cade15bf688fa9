"""Projects: compose files brought to life. The plan is made in `engine.compose`; here it is carried out and
remembered."""

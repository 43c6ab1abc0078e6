"""A fleet of about a hundred units across seven clusters, and the incident in it that `drifttui demo` shows."""

"""A fleet of some 200 units across 12 clusters, and an incident in it as `drifttui demo` is to show one."""

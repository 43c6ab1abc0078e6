"""A real Kubernetes and Argo CD control plane on loopback, for tests and for a person who wants to try `drifttui`."""

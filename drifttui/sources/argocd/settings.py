"""The settings of one Argo CD server; the model lies where `store` can reach it."""

from ...clients.argocd_settings import ArgoCDSettings

__all__ = ["ArgoCDSettings"]

"""The edge: a stack of a real OpenTofu, in the same cluster as the first units."""

from __future__ import annotations

import os
from pathlib import Path

from tests.cluster.cluster import Cluster
from tests.cluster.tofu import OpenTofu

NAMESPACE = "edge"
TEXT = """
provider "kubernetes" {}

resource "kubernetes_config_map" "limits" {
  metadata {
    name      = "edge-limits"
    namespace = "edge"
  }
  data = {
    requests-per-second = "RATE"
    burst               = "50"
  }
}

resource "kubernetes_deployment" "proxy" {
  wait_for_rollout = false
  metadata {
    name      = "edge-proxy"
    namespace = "edge"
  }
  spec {
    replicas = 3
    selector { match_labels = { app = "edge-proxy" } }
    template {
      metadata { labels = { app = "edge-proxy" } }
      spec {
        container {
          name  = "proxy"
          image = "registry.example.com/edge/proxy:2.3.1"
        }
      }
    }
  }
}
"""


class Edge:
    """Applied with one limit, and since then merged with another that nobody has applied."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        environment = {"KUBE_CONFIG": str(cluster.state.kubeconfig), "KUBE_CTX": "alice"}
        self.tofu = OpenTofu(folder, environment)
        os.environ.update(environment, TF_CLI_CONFIG_FILE=str(self.tofu.config))
        cluster.kubectl("create", "namespace", NAMESPACE, context="alice")
        self.folder = self.tofu.stack("edge", TEXT.replace("RATE", "100"))
        self.tofu.apply(self.folder)
        (self.folder / "main.tf").write_text(TEXT.replace("RATE", "300"))

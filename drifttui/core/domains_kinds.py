"""What a kind is about, where no path says more: Kubernetes groups and kinds, Terraform and CloudFormation types.

The order of the tables matters: the first pattern that is found in a name wins, so the special stands before the
general (`aws_db_subnet_group` is network before `aws_db_` is data).
"""

from __future__ import annotations

import re
from functools import lru_cache

_KUBERNETES_KINDS = {
    kind: domain
    for domain, kinds in {
        "identity": "ServiceAccount Role ClusterRole RoleBinding ClusterRoleBinding RequestAuthentication User Group "
        "CertificateSigningRequest TokenReview AzureIdentity AzureIdentityBinding IAMPolicy IAMPolicyMember "
        "IAMPartialPolicy IAMServiceAccount PodIdentityAssociation",
        "network": "Service Ingress IngressClass NetworkPolicy GlobalNetworkPolicy CiliumNetworkPolicy "
        "CiliumClusterwideNetworkPolicy Endpoints EndpointSlice Gateway GatewayClass HTTPRoute GRPCRoute TCPRoute "
        "TLSRoute "
        "UDPRoute ReferenceGrant VirtualService DestinationRule ServiceEntry Sidecar EnvoyFilter AuthorizationPolicy "
        "PeerAuthentication DNSEndpoint IngressRoute IngressRouteTCP Middleware TLSOption HTTPProxy "
        "TargetGroupBinding "
        "BackendConfig FrontendConfig ManagedCertificate AdminNetworkPolicy BaselineAdminNetworkPolicy IPAddressPool",
        "secret": "Secret ExternalSecret ClusterExternalSecret SecretStore ClusterSecretStore PushSecret "
        "SealedSecret "
        "SecretProviderClass VaultStaticSecret VaultDynamicSecret VaultPKISecret VaultAuth Certificate "
        "CertificateRequest "
        "Issuer ClusterIssuer Bundle InfisicalSecret OnePasswordItem SopsSecret",
        "data": "PersistentVolume PersistentVolumeClaim StorageClass VolumeSnapshot VolumeSnapshotClass "
        "VolumeAttachment "
        "CSIDriver Postgresql PerconaXtraDBCluster Kafka KafkaTopic RedisFailover MongoDBCommunity Elasticsearch "
        "CassandraDatacenter BackupStorageLocation Schedule Backup",
        "artifact": "ImagePolicy ImageRepository ImageUpdateAutomation OCIRepository HelmRepository GitRepository "
        "HelmChart "
        "Bucket Catalog CatalogSource Subscription ClusterVersion",
        "policy": "ClusterPolicy Policy PolicyException ClusterPolicyException CleanupPolicy ClusterCleanupPolicy "
        "ConstraintTemplate Config Assign AssignMetadata ModifySet ValidatingWebhookConfiguration "
        "MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding "
        "MutatingAdmissionPolicy "
        "MutatingAdmissionPolicyBinding PodSecurityPolicy SecurityContextConstraints ResourceQuota LimitRange "
        "ClusterImagePolicy",
        "observability": "ServiceMonitor PodMonitor Probe PrometheusRule Prometheus Alertmanager AlertmanagerConfig "
        "ScrapeConfig Telemetry GrafanaDashboard GrafanaDatasource Grafana OpenTelemetryCollector Instrumentation "
        "ClusterLogForwarder ClusterFlow ClusterOutput Flow Output FluentBit Fluentd VMRule VMServiceScrape "
        "DatadogMonitor "
        "SLO PrometheusServiceLevel Event",
        "workload": "Deployment StatefulSet DaemonSet ReplicaSet Pod Job CronJob ReplicationController ConfigMap "
        "HorizontalPodAutoscaler VerticalPodAutoscaler ScaledObject ScaledJob PodDisruptionBudget PriorityClass "
        "RuntimeClass Rollout HelmRelease Kustomization Application ApplicationSet Node",
        "metadata": "Namespace",
    }.items()
    for kind in kinds.split()
}

_KUBERNETES_GROUPS = (
    ("rbac.authorization.k8s.io", "identity"),
    ("authentication.", "identity"),
    ("iam.", "identity"),
    ("networking.", "network"),
    ("gateway.", "network"),
    ("security.istio.io", "network"),
    ("projectcalico.org", "network"),
    ("cilium.io", "network"),
    ("external-secrets.io", "secret"),
    ("secrets-store", "secret"),
    ("cert-manager.io", "secret"),
    ("bitnami.com", "secret"),
    ("secrets.hashicorp.com", "secret"),
    ("kms.", "secret"),
    ("storage.k8s.io", "data"),
    ("snapshot.storage", "data"),
    ("postgresql.cnpg.io", "data"),
    ("acid.zalan.do", "data"),
    ("kafka.strimzi.io", "data"),
    ("rds.", "data"),
    ("s3.", "data"),
    ("dynamodb.", "data"),
    ("velero.io", "data"),
    ("constraints.gatekeeper.sh", "policy"),
    ("gatekeeper.sh", "policy"),
    ("kyverno.io", "policy"),
    ("admissionregistration.k8s.io", "policy"),
    ("policies.", "policy"),
    ("monitoring.", "observability"),
    ("telemetry.", "observability"),
    ("logging.", "observability"),
    ("opentelemetry.io", "observability"),
    ("grafana.", "observability"),
    ("image.toolkit.fluxcd.io", "artifact"),
    ("source.toolkit.fluxcd.io", "artifact"),
)

_STACK_TYPES = (
    ("observability", r"flow_?log|cloudtrail|_trail\b|access_log|logging|log_group|log_stream|log_metric|logpush"),
    ("policy", r"aws_config_|aws::config::|guardduty|securityhub|security_hub|macie|accessanalyzer|"
               r"organizations_policy|"
               r"organization_policy|org_policy|policy_assignment|policy_definition|policy_set_definition|inspector|"
               r"organizations::policy|branch_protection|binary_authorization|control_tower"),
    ("network", r"db_subnet_group|elasticache_subnet_group|dbsubnetgroup|cache_?subnet_?group|security_?group|"
                r"network_policy|db_security_group|private_endpoint|vpc_endpoint"),
    ("identity", r"_iam_|::iam::|iam_(role|policy|user|group|member|binding)|cognito|identity_?store|ssoadmin|"
                 r"::sso::|"
                 r"permission_?set|service_account(?!_key)|role_assignment|role_definition|azuread_|entra|okta_|"
                 r"auth0_|"
                 r"access_entry|accessentry|pod_identity|openid_connect|saml_provider|lambda_permission|"
                 r"lambda::permission|"
                 r"user_assigned_identity|workload_identity|vault_policy|vault_.*_role|vault_auth|github_team|"
                 r"github_membership|kubernetes_(cluster_)?role|kubernetes_service_account|organizations_account"),
    ("secret", r"secret|_ssm_parameter|ssm::parameter|_kms_|::kms::|key_?vault|_acm_|certificate|tls_private_key|"
               r"key_pair|service_account_key|access_key|vault_|crypto_key|keypair|random_password"),
    ("observability", r"cloudwatch|alarm|dashboard|xray|monitor|metric|alert|datadog_|grafana_|pagerduty_|newrelic_|"
                      r"opsgenie_|log_analytics|application_insights|sentry_|synthetics|diagnostic_setting|"
                      r"diagnosticsetting|"
                      r"::logs::|prometheus|oam_"),
    ("network", r"route53|_route\b|route_table|routetable|_vpc|::vpc|subnet|internet_gateway|internetgateway|"
                r"nat_gateway|"
                r"natgateway|network_acl|networkacl|network_interface|_eip\b|::eip\b|transit_gateway|"
                r"transitgateway|vpn|"
                r"peering|load_?balancer|_lb\b|_lb_|_alb|_elb|listener|target_?group|cloudfront|cloudflare_|waf|"
                r"api_?gateway|dns|firewall|global_accelerator|virtual_network|network_security|public_ip|"
                r"front_?door|cdn|"
                r"compute_network|compute_address|compute_backend|compute_url_map|forwarding_rule|traffic_manager|"
                r"application_gateway|app_mesh|service_discovery|ssl_policy|direct_connect|elasticloadbalancing|"
                r"networkfirewall|vpc_security_group|shield_|kubernetes_(service|ingress|network_policy)(_v1)?\b"),
    ("artifact", r"_ecr_|::ecr::|_ami\b|_ami_|ecr_|artifact_registry|artifactregistry|container_registry|"
                 r"imagebuilder|"
                 r"image_builder|helm_release|eks_addon|eks::addon|lambda_layer|layerversion|container_image|"
                 r"codeartifact|"
                 r"compute_image|shared_image|gallery_image"),
    ("data", r"_db_|_rds_|::rds::|_s3_|::s3::|s3_bucket|dynamodb|_ebs_|volume|_efs_|::efs::|_fsx_|elasticache|redis|"
             r"memcached|redshift|opensearch|elasticsearch|docdb|neptune|kinesis|_msk_|::msk::|kafka|glue|athena|"
             r"backup|"
             r"snapshot|storage_|sql|postgres|mysql|mongo|cosmos|spanner|bigtable|bigquery|bucket|firestore|database|"
             r"_disk|filestore|dms_|timestream|memorydb|data_?lake|lakeformation|container_registry_retention|"
             r"snowflake_|keyspaces"),
    ("workload", r"."),
)  # fmt: skip

_STACK_PATTERNS = tuple((domain, re.compile(pattern)) for domain, pattern in _STACK_TYPES)

SECURITY_LOGGING = re.compile(
    r"cloudtrail|_trail\b|flow_?log|guardduty|audit|securityhub|security_hub|aws_config_|aws::config::|access_log|"
    r"cluster_log_types|"
    r"diagnostic_setting|activity_log|falco|tetragon|logging_(project|organization|folder)_sink|query_log"
)
"""Kinds, names and fields whose silence hides an intruder."""


@lru_cache(maxsize=8192)
def domain_of_kind(kind: str, group: str, kubernetes: bool) -> str:
    """One of `verdict.DOMAINS`; `workload` where nothing is known about the kind."""
    if kubernetes:
        for part, domain in _KUBERNETES_GROUPS:
            if group.startswith(part) or f".{part}" in group:
                return _KUBERNETES_KINDS.get(kind, domain) if domain == "network" else domain
        return _KUBERNETES_KINDS.get(kind, "workload")
    low = kind.lower()
    return next((domain for domain, pattern in _STACK_PATTERNS if pattern.search(low)), "workload")

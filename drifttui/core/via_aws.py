"""The path by which an AWS call came: console, AWS CLI, an SDK, Terraform, CloudFormation, a service.

From `invokedBy` first, because a service that acts for somebody keeps the somebody's identity; then the console's mark
on the session, which AWS sets; then the user agent, which the client chooses.
"""

from __future__ import annotations

import re
from typing import Final

from .audit_cloudtrail import CloudTrailCall

_SERVICES: Final = {
    "cloudformation.amazonaws.com": "CloudFormation",
    "autoscaling.amazonaws.com": "Auto Scaling",
    "application-autoscaling.amazonaws.com": "Application Auto Scaling",
    "eks.amazonaws.com": "EKS",
    "eks-nodegroup.amazonaws.com": "EKS",
    "rds.amazonaws.com": "RDS",
    "sso.amazonaws.com": "IAM Identity Center",
    "config.amazonaws.com": "AWS Config",
    "ssm.amazonaws.com": "Systems Manager",
    "backup.amazonaws.com": "AWS Backup",
    "lambda.amazonaws.com": "Lambda",
    "codepipeline.amazonaws.com": "CodePipeline",
    "codebuild.amazonaws.com": "CodeBuild",
    "servicecatalog.amazonaws.com": "Service Catalog",
    "elasticbeanstalk.amazonaws.com": "Elastic Beanstalk",
    "controltower.amazonaws.com": "Control Tower",
    "securityhub.amazonaws.com": "Security Hub",
}

_AGENTS: Final = (
    (re.compile(r"opentofu", re.I), "OpenTofu"),
    (re.compile(r"terraform|hashicorp", re.I), "Terraform"),
    (re.compile(r"pulumi", re.I), "Pulumi"),
    (re.compile(r"\bcdk\b|aws-cdk", re.I), "CDK"),
    (re.compile(r"eksctl", re.I), "eksctl"),
    (re.compile(r"ansible", re.I), "Ansible"),
    (re.compile(r"crossplane|upbound", re.I), "Crossplane"),
    (re.compile(r"cluster-autoscaler", re.I), "cluster autoscaler"),
    (re.compile(r"karpenter", re.I), "Karpenter"),
    (re.compile(r"exec-env/cloudshell", re.I), "AWS CLI in CloudShell"),
    (re.compile(r"^aws-cli/|\baws-cli/", re.I), "AWS CLI"),
    (re.compile(r"powershell", re.I), "AWS Tools for PowerShell"),
    (re.compile(r"console\.amazonaws\.com|\.console\.aws|s3console|signin\.amazonaws|aws-?console", re.I), "console"),
    (re.compile(r"boto3|botocore", re.I), "SDK (Python)"),
    (re.compile(r"aws-sdk-go|aws-sdk-go-v2", re.I), "SDK (Go)"),
    (re.compile(r"aws-sdk-java", re.I), "SDK (Java)"),
    (re.compile(r"aws-sdk-(?:js|nodejs)", re.I), "SDK (JavaScript)"),
    (re.compile(r"aws-sdk-([a-z]+)", re.I), "SDK"),
    (re.compile(r"^mozilla", re.I), "console"),
)  # fmt: skip


def aws_via(call: CloudTrailCall) -> str:
    agent = call.user_agent or ""
    service = call.principal.invoked_by or ""
    if not service.endswith(".amazonaws.com"):
        for held in (call.source_ip or "", agent):
            if held.endswith(".amazonaws.com") and "console" not in held and "signin" not in held:
                service = held
                break
    if service.endswith(".amazonaws.com"):
        words = _SERVICES.get(service, service.removesuffix(".amazonaws.com"))
        role = call.principal.role or call.principal.arn or ""
        return "CDK (CloudFormation)" if words == "CloudFormation" and "cdk-" in role else words
    if call.console and "CloudShell" not in agent and not agent.lower().startswith("aws-cli"):
        return "console"
    for pattern, words in _AGENTS:
        if pattern.search(agent):
            return words
    if agent == "AWS Internal":
        return "console" if call.console else "AWS internal"
    product = agent.partition("/")[0].partition(" ")[0]
    return f"API ({product[:60]})" if product else "API"

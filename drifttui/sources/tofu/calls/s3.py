"""Buckets and their parts, which Terraform keeps as resources of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ....core.cloud_control import pairs, tags_of
from ....core.errors import Missing, inert
from .asked import Asked, Attributes, Reading, block, picked, truths


async def _bucket(asked: Asked) -> Attributes:
    name = asked.name("bucket", "id")
    await asked.call("s3", "HeadBucket", Bucket=name)
    found: Attributes = {"id": name, "bucket": name}
    place = await asked.part("s3", "GetBucketLocation", Bucket=name)
    if place is not None:
        found["region"] = place.get("LocationConstraint") or "us-east-1"
    policy = await asked.part("s3", "GetBucketPolicy", Bucket=name)
    if policy is not None:
        found["policy"] = policy.get("Policy") or ""
    versions = await asked.part("s3", "GetBucketVersioning", Bucket=name)
    if versions is not None:
        values = {"enabled": versions.get("Status") == "Enabled", "mfa_delete": versions.get("MFADelete") == "Enabled"}
        found["versioning"] = block(values, asked.recorded.get("versioning"))
    sealed = await asked.part("s3", "GetBucketEncryption", Bucket=name)
    if sealed is not None:
        rules = _encryption(sealed, asked.recorded.get("server_side_encryption_configuration"), nested=True)
        found["server_side_encryption_configuration"] = rules
    tags = await asked.part("s3", "GetBucketTagging", Bucket=name)
    if tags is not None:
        found |= tags_of(pairs(tags.get("TagSet")) or {}, asked.recorded)
    return found


def _encryption(answer: Mapping[str, Any], held: Any, *, nested: bool) -> list[Any]:
    """`rule` blocks; within the bucket they stand in a block of their own."""
    rules = (answer.get("ServerSideEncryptionConfiguration") or {}).get("Rules") or ()
    old = held[0].get("rule") if nested and isinstance(held, list) and held and isinstance(held[0], dict) else held
    found = []
    for number, rule in enumerate(rules):
        by_default = picked(
            rule.get("ApplyServerSideEncryptionByDefault") or {},
            {"sse_algorithm": "SSEAlgorithm", "kms_master_key_id": "KMSMasterKeyID"},
        )
        before = old[number] if isinstance(old, list) and number < len(old) and isinstance(old[number], dict) else {}
        inner = block(
            {name: value or "" for name, value in by_default.items()},
            before.get("apply_server_side_encryption_by_default"),
        )
        own: dict[str, Any] = {"apply_server_side_encryption_by_default": inner}
        own["bucket_key_enabled"] = bool(rule.get("BucketKeyEnabled"))
        found += block(own, [before] if before else None)
    if not nested:
        return found
    return [{"rule": found}] if found else []


async def _policy(asked: Asked) -> Attributes:
    name = asked.name("bucket", "id")
    answer = await asked.call("s3", "GetBucketPolicy", Bucket=name)
    return {"id": name, "bucket": name, "policy": answer.get("Policy") or ""}


async def _public_access(asked: Asked) -> Attributes:
    name = asked.name("bucket", "id")
    answer = await asked.call("s3", "GetPublicAccessBlock", Bucket=name)
    held = answer.get("PublicAccessBlockConfiguration") or {}
    table = {
        "block_public_acls": "BlockPublicAcls", "block_public_policy": "BlockPublicPolicy",
        "ignore_public_acls": "IgnorePublicAcls", "restrict_public_buckets": "RestrictPublicBuckets",
    }  # fmt: skip
    return {"id": name, "bucket": name, **truths(held, table)}


async def _versioning(asked: Asked) -> Attributes:
    name = asked.name("bucket", "id").partition(",")[0]
    answer = await asked.call("s3", "GetBucketVersioning", Bucket=name)
    if not answer.get("Status"):
        old = asked.recorded.get("versioning_configuration")
        status = old[0].get("status") if isinstance(old, list) and old and isinstance(old[0], dict) else None
        if status != "Disabled":
            raise Missing("The bucket was never versioned", inert(name, 80))
    values = {"status": answer.get("Status") or "Disabled", "mfa_delete": answer.get("MFADelete") or ""}
    return {"bucket": name, "versioning_configuration": block(values, asked.recorded.get("versioning_configuration"))}


async def _encryption_configuration(asked: Asked) -> Attributes:
    name = asked.name("bucket", "id").partition(",")[0]
    answer = await asked.call("s3", "GetBucketEncryption", Bucket=name)
    return {"bucket": name, "rule": _encryption(answer, asked.recorded.get("rule"), nested=False)}


async def _ownership(asked: Asked) -> Attributes:
    name = asked.name("bucket", "id")
    answer = await asked.call("s3", "GetBucketOwnershipControls", Bucket=name)
    rules = (answer.get("OwnershipControls") or {}).get("Rules") or ()
    return {"bucket": name, "rule": [{"object_ownership": rule.get("ObjectOwnership")} for rule in rules]}


READERS: Final[Mapping[str, Reading]] = {
    "aws_s3_bucket": _bucket,
    "aws_s3_bucket_policy": _policy,
    "aws_s3_bucket_public_access_block": _public_access,
    "aws_s3_bucket_versioning": _versioning,
    "aws_s3_bucket_server_side_encryption_configuration": _encryption_configuration,
    "aws_s3_bucket_ownership_controls": _ownership,
}

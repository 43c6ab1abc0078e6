"""Roles, policies and what is attached to what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ....core.cloud_control import pairs, tags_of
from ....core.errors import Forbidden, Missing, inert
from .asked import Asked, Attributes, Reading, alike, picked, policy_text


async def _role(asked: Asked) -> Attributes:
    name = asked.name("name", "id")
    role = (await asked.call("iam", "GetRole", RoleName=name)).get("Role") or {}
    found = picked(
        role,
        {
            "id": "RoleName", "name": "RoleName", "arn": "Arn", "path": "Path", "unique_id": "RoleId",
            "description": "Description", "max_session_duration": "MaxSessionDuration",
            "permissions_boundary": "PermissionsBoundary.PermissionsBoundaryArn",
        },
    )  # fmt: skip
    found["assume_role_policy"] = policy_text(role.get("AssumeRolePolicyDocument"))
    found["create_date"] = asked.recorded.get("create_date")  # With the unique id it is the same role.
    if asked.recorded.get("managed_policy_arns") is not None:
        attached = await _attached(asked, "ListAttachedRolePolicies", RoleName=name)
        if attached is not None:
            found["managed_policy_arns"] = alike(attached, asked.recorded["managed_policy_arns"])
    if isinstance(asked.recorded.get("inline_policy"), list):
        found |= await _inline(asked, name)
    return found | tags_of(pairs(role.get("Tags")) or {}, asked.recorded)


async def _inline(asked: Asked, role: str) -> Attributes:
    try:
        names = [
            str(name)
            async for page in asked.pages("iam", "ListRolePolicies", "Marker", RoleName=role)
            for name in page.get("PolicyNames") or ()
        ]
        held = [await asked.call("iam", "GetRolePolicy", RoleName=role, PolicyName=name) for name in names]
    except Forbidden as error:
        asked.gaps.append(error.one_line())
        return {}
    order = [one.get("name") for one in asked.recorded["inline_policy"] if isinstance(one, dict)]
    held.sort(key=lambda one: order.index(one["PolicyName"]) if one["PolicyName"] in order else len(order))
    return {
        "inline_policy": [{"name": one["PolicyName"], "policy": policy_text(one.get("PolicyDocument"))} for one in held]
    }


async def _attached(asked: Asked, operation: str, **of: str) -> list[str] | None:
    """ARNs of the managed policies; None where nobody may look."""
    try:
        return [
            str(one.get("PolicyArn"))
            async for page in asked.pages("iam", operation, "Marker", **of)
            for one in page.get("AttachedPolicies") or ()
        ]
    except Forbidden as error:
        asked.gaps.append(error.one_line())
        return None


async def _policy(asked: Asked) -> Attributes:
    arn = asked.name("arn", "id")
    policy = (await asked.call("iam", "GetPolicy", PolicyArn=arn)).get("Policy") or {}
    found = picked(
        policy,
        {
            "id": "Arn", "arn": "Arn", "name": "PolicyName", "path": "Path", "description": "Description",
            "policy_id": "PolicyId", "attachment_count": "AttachmentCount",
        },
    )  # fmt: skip
    version = await asked.part("iam", "GetPolicyVersion", PolicyArn=arn, VersionId=policy.get("DefaultVersionId"))
    if version:
        found["policy"] = policy_text((version.get("PolicyVersion") or {}).get("Document"))
    return found | tags_of(pairs(policy.get("Tags")) or {}, asked.recorded)


async def _instance_profile(asked: Asked) -> Attributes:
    name = asked.name("name", "id")
    answer = await asked.call("iam", "GetInstanceProfile", InstanceProfileName=name)
    profile = answer.get("InstanceProfile") or {}
    found = picked(
        profile,
        {
            "id": "InstanceProfileName", "name": "InstanceProfileName", "arn": "Arn", "path": "Path",
            "unique_id": "InstanceProfileId",
        },
    )  # fmt: skip
    found["role"] = next((role.get("RoleName") for role in profile.get("Roles") or ()), "")
    found["create_date"] = asked.recorded.get("create_date")
    return found | tags_of(pairs(profile.get("Tags")) or {}, asked.recorded)


def _of(holder: str, member: str) -> tuple[Reading, Reading]:
    """Readers of an inline policy and of an attachment of a role, user or group."""

    async def inline(asked: Asked) -> Attributes:
        names = {f"{member}Name": asked.name(holder), "PolicyName": asked.name("name")}
        answer = await asked.call("iam", f"Get{member}Policy", **names)
        found: dict[str, Any] = {"name": answer.get("PolicyName"), holder: answer.get(f"{member}Name")}
        return {**found, "policy": policy_text(answer.get("PolicyDocument"))}

    async def attachment(asked: Asked) -> Attributes:
        name, arn = asked.name(holder), asked.name("policy_arn")
        pages = asked.pages("iam", f"ListAttached{member}Policies", "Marker", **{f"{member}Name": name})
        async for page in pages:
            if any(one.get("PolicyArn") == arn for one in page.get("AttachedPolicies") or ()):
                return {holder: name, "policy_arn": arn}
        raise Missing("The policy is not attached", inert(arn, 200))

    return inline, attachment


_ROLE, _USER, _GROUP = _of("role", "Role"), _of("user", "User"), _of("group", "Group")

READERS: Final[Mapping[str, Reading]] = {
    "aws_iam_role": _role,
    "aws_iam_policy": _policy,
    "aws_iam_instance_profile": _instance_profile,
    "aws_iam_role_policy": _ROLE[0],
    "aws_iam_role_policy_attachment": _ROLE[1],
    "aws_iam_user_policy": _USER[0],
    "aws_iam_user_policy_attachment": _USER[1],
    "aws_iam_group_policy": _GROUP[0],
    "aws_iam_group_policy_attachment": _GROUP[1],
}

"""Security groups, their rules, and instances."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ....core.cloud_control import pairs, tags_of
from ....core.errors import Missing, inert
from ....core.planes import Json
from .asked import Asked, Attributes, Reading, alike, block, first, picked, truths

_LISTS: Final = ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups")


class Atom(NamedTuple):
    """One source that one rule lets in: what AWS counts as a rule."""

    protocol: str
    from_port: int
    to_port: int
    description: str
    how: str
    """The attribute that names it: `cidr_blocks`, …, or `self`."""
    what: str


async def _group(asked: Asked, name: str) -> dict[str, Any]:
    return first(await asked.call("ec2", "DescribeSecurityGroups", GroupIds=[name]), "SecurityGroups", name)


async def _security_group(asked: Asked) -> Attributes:
    group = await _group(asked, asked.name("id"))
    found = picked(
        group,
        {"id": "GroupId", "name": "GroupName", "description": "Description", "vpc_id": "VpcId", "owner_id": "OwnerId"},
    )
    for attribute, key in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
        there = list(_atoms(group.get(key) or (), group))
        found[attribute] = blocks(there, asked.recorded.get(attribute))
    return found | tags_of(pairs(group.get("Tags")) or {}, asked.recorded)


def _atoms(permissions: Iterable[Mapping[str, Any]], group: Mapping[str, Any]) -> Iterator[Atom]:
    for one in permissions:
        head = (str(one.get("IpProtocol")), int(one.get("FromPort") or 0), int(one.get("ToPort") or 0))
        for key, member, how in (
            ("IpRanges", "CidrIp", "cidr_blocks"),
            ("Ipv6Ranges", "CidrIpv6", "ipv6_cidr_blocks"),
            ("PrefixListIds", "PrefixListId", "prefix_list_ids"),
        ):
            for source in one.get(key) or ():
                yield Atom(*head, str(source.get("Description") or ""), how, str(source.get(member)))
        for source in one.get("UserIdGroupPairs") or ():
            name, owner = str(source.get("GroupId")), source.get("UserId")
            said = str(source.get("Description") or "")
            if name == group.get("GroupId"):
                yield Atom(*head, said, "self", "true")
            else:
                other = owner and owner != group.get("OwnerId")
                yield Atom(*head, said, "security_groups", f"{owner}/{name}" if other else name)


def _recorded_atoms(held: Mapping[str, Any]) -> Iterator[Atom]:
    head = (str(held.get("protocol")), int(held.get("from_port") or 0), int(held.get("to_port") or 0))
    said = str(held.get("description") or "")
    for how in _LISTS:
        for what in held.get(how) or ():
            yield Atom(*head, said, how, str(what))
    if held.get("self"):
        yield Atom(*head, said, "self", "true")


def blocks(there: Sequence[Atom], held: Json) -> list[dict[str, Any]]:
    """What AWS lets in, divided into blocks as the record divides it; sources that it lacks in blocks behind them.

    AWS keeps one rule for each source. How many of them stand in one block is the configuration's own affair.
    """
    left = list(dict.fromkeys(there))
    found: list[dict[str, Any]] = []
    for old in held if isinstance(held, list) else ():
        if not isinstance(old, dict):
            continue
        kept = [atom for atom in _recorded_atoms(old) if atom in left]
        for atom in kept:
            left.remove(atom)
        if kept:
            found.append({**old, **_sources(kept)})
    heads: dict[tuple[Any, ...], list[Atom]] = {}
    for atom in left:
        heads.setdefault(atom[:4], []).append(atom)
    for (protocol, low, high, said), atoms in heads.items():
        found.append({"description": said, "from_port": low, "to_port": high, "protocol": protocol, **_sources(atoms)})
    return found


def _sources(atoms: Sequence[Atom]) -> dict[str, Any]:
    lists: dict[str, Any] = {how: [atom.what for atom in atoms if atom.how == how] for how in _LISTS}
    return {**lists, "self": any(atom.how == "self" for atom in atoms)}


async def _security_group_rule(asked: Asked) -> Attributes:
    """A rule of the older kind, which AWS knows only as sources of a group."""
    held = asked.recorded
    group = await _group(asked, asked.name("security_group_id"))
    key = "IpPermissionsEgress" if held.get("type") == "egress" else "IpPermissions"
    source = held.get("source_security_group_id")
    wanted = list(_recorded_atoms({**held, "security_groups": [source] if source else []}))
    if source == group.get("GroupId"):
        wanted = [atom for atom in wanted if atom.how != "security_groups"]
        wanted.append(Atom(*_head(held), str(held.get("description") or ""), "self", "true"))
    known = {(*atom[:3], atom.how, _bare(atom.what)): atom for atom in _atoms(group.get(key) or (), group)}
    there = [known[at] for atom in wanted if (at := (*atom[:3], atom.how, _bare(atom.what))) in known]
    if not there:
        raise Missing("The group has no such rule", inert(str(group.get("GroupId")), 60))
    found: Attributes = {name: held.get(name) for name in ("type", "from_port", "to_port", "protocol")}
    lists = _sources(there)
    found |= {how: alike(lists[how], held.get(how)) for how in _LISTS[:3]}
    found |= {"description": there[0].description, "security_group_id": group.get("GroupId")}
    found["source_security_group_id"] = source
    found["self"] = held.get("self") if source == group.get("GroupId") else lists["self"]
    return found


def _head(held: Mapping[str, Any]) -> tuple[str, int, int]:
    return str(held.get("protocol")), int(held.get("from_port") or 0), int(held.get("to_port") or 0)


def _bare(name: str) -> str:
    """A group of another account may be recorded with its owner or without."""
    return name.rpartition("/")[2] if "/sg-" in name else name


async def _vpc_rule(asked: Asked) -> Attributes:
    name = asked.name("security_group_rule_id", "id")
    answer = await asked.call("ec2", "DescribeSecurityGroupRules", SecurityGroupRuleIds=[name])
    rule = first(answer, "SecurityGroupRules", name)
    found = picked(
        rule,
        {
            "security_group_rule_id": "SecurityGroupRuleId", "security_group_id": "GroupId",
            "ip_protocol": "IpProtocol", "from_port": "FromPort", "to_port": "ToPort", "cidr_ipv4": "CidrIpv4",
            "cidr_ipv6": "CidrIpv6", "prefix_list_id": "PrefixListId", "description": "Description",
        },
    )  # fmt: skip
    other = rule.get("ReferencedGroupInfo") or {}
    own = other.get("UserId") in (None, rule.get("GroupOwnerId"))
    found["referenced_security_group_id"] = (
        other.get("GroupId") if own or not other.get("GroupId") else f"{other.get('UserId')}/{other['GroupId']}"
    )
    if found["ip_protocol"] == "-1" and asked.recorded.get("from_port") is None:
        found["from_port"] = found["to_port"] = None
    return found | tags_of(pairs(rule.get("Tags")) or {}, asked.recorded)


async def _instance(asked: Asked) -> Attributes:
    name = asked.name("id")
    held = first(await asked.call("ec2", "DescribeInstances", InstanceIds=[name]), "Reservations", name)
    one = first(held, "Instances", name)
    state = str((one.get("State") or {}).get("Name"))
    if state in ("terminated", "shutting-down"):
        raise Missing(f"The instance is {state}", inert(name, 60))
    found = picked(
        one,
        {
            "id": "InstanceId", "ami": "ImageId", "instance_type": "InstanceType", "subnet_id": "SubnetId",
            "availability_zone": "Placement.AvailabilityZone", "tenancy": "Placement.Tenancy", "key_name": "KeyName",
            "private_ip": "PrivateIpAddress", "private_dns": "PrivateDnsName", "public_ip": "PublicIpAddress",
            "public_dns": "PublicDnsName", "instance_state": "State.Name",
            "primary_network_interface_id": "NetworkInterfaces.NetworkInterfaceId",
        },
    )  # fmt: skip
    cards = one.get("NetworkInterfaces") or ()
    found["primary_network_interface_id"] = next(
        (card.get("NetworkInterfaceId") for card in cards if (card.get("Attachment") or {}).get("DeviceIndex") == 0),
        None,
    )
    found |= truths(one, {"ebs_optimized": "EbsOptimized", "source_dest_check": "SourceDestCheck"})
    found["monitoring"] = (one.get("Monitoring") or {}).get("State") in ("enabled", "pending")
    found["iam_instance_profile"] = str((one.get("IamInstanceProfile") or {}).get("Arn") or "").rpartition("/")[2]
    groups = [group.get("GroupId") for group in one.get("SecurityGroups") or ()]
    found["vpc_security_group_ids"] = alike(groups, asked.recorded.get("vpc_security_group_ids"))
    if "MetadataOptions" in one:
        table = {
            "http_endpoint": "HttpEndpoint", "http_tokens": "HttpTokens",
            "instance_metadata_tags": "InstanceMetadataTags",
            "http_put_response_hop_limit": "HttpPutResponseHopLimit", "http_protocol_ipv6": "HttpProtocolIpv6",
        }  # fmt: skip
        options = picked(one["MetadataOptions"], table)
        found["metadata_options"] = block(options, asked.recorded.get("metadata_options"))
    protected = await asked.part("ec2", "DescribeInstanceAttribute", InstanceId=name, Attribute="disableApiTermination")
    if protected:
        found["disable_api_termination"] = bool((protected.get("DisableApiTermination") or {}).get("Value"))
    return found | tags_of(pairs(one.get("Tags")) or {}, asked.recorded)


READERS: Final[Mapping[str, Reading]] = {
    "aws_security_group": _security_group,
    "aws_security_group_rule": _security_group_rule,
    "aws_vpc_security_group_ingress_rule": _vpc_rule,
    "aws_vpc_security_group_egress_rule": _vpc_rule,
    "aws_instance": _instance,
}

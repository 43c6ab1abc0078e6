"""Types that are read by their service's own call, on moto's servers of these: as recorded, changed, and gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.aws_settings import AwsSettings
from drifttui.clients.tofu_settings import StackSettings
from drifttui.core.direct import DirectAnswer
from drifttui.core.errors import BadAnswer
from drifttui.core.planes import ABSENT
from drifttui.services.session import Settings
from drifttui.sources.tofu import SOURCE
from drifttui.sources.tofu.source import TofuSource
from tests.clients.aws_server import KEY_ID, SECRET, credentials, moto

KEY = b"k" * 32
REGION = "eu-west-1"
Attributes = dict[str, Any]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto() as address:
        yield address


@pytest.fixture
def cloud(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Any]:
    """Clients of the SDK on an empty account, for what happens outside of drifttui."""
    import urllib.request

    import boto3

    credentials(monkeypatch, tmp_path)
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST"), timeout=20).close()
    return lambda service: boto3.client(
        service, endpoint_url=url, region_name=REGION, aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET
    )


Read = Callable[..., Any]


@pytest.fixture
def read(url: str, cloud: Any, tmp_path: Path) -> Read:
    async def one(
        kind: str, attributes: Attributes, *, sensitive: tuple[str, ...] = (), **account: Any
    ) -> DirectAnswer:
        marked = [[{"type": "get_attr", "value": name}] for name in sensitive]
        instance = {"schema_version": 0, "attributes": attributes, "sensitive_attributes": marked}
        resource = {"mode": "managed", "type": kind, "name": "it", "instances": [instance]}
        path = tmp_path / "terraform.tfstate"
        path.write_text(json.dumps({"version": 4, "serial": 1, "lineage": "l", "resources": [resource]}))
        chosen = AwsSettings(**{"region": REGION, "endpoint_url": url, **account})
        settings = Settings(
            stacks=(StackSettings(state=str(path)),), aws=(chosen,), access=Access.READ_ONLY, redaction_key=KEY
        )
        source = SOURCE(settings, lambda: datetime(2026, 11, 21, 15, tzinfo=UTC))[0]
        assert isinstance(source, TofuSource)
        ((unit, (ref,)),) = (await source.recorded()).items()
        return await source.read_one(unit, ref.address)

    return one


def paths(answer: DirectAnswer) -> dict[str, tuple[Any, Any]]:
    return {change.path: (change.recorded, change.actual) for change in answer.comparison.changes}


async def test_rules_of_a_group_are_compared_source_by_source(cloud: Any, read: Read) -> None:
    ec2 = cloud("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    ranges = [{"CidrIp": "10.1.0.0/16"}, {"CidrIp": "10.2.0.0/16"}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{**https, "IpRanges": ranges}])
    empty = {"ipv6_cidr_blocks": [], "prefix_list_ids": [], "security_groups": [], "self": False, "description": ""}
    port = {"from_port": 443, "to_port": 443, "protocol": "tcp", **empty}
    recorded: Attributes = {
        "id": group, "name": "web", "description": "web", "vpc_id": vpc, "revoke_rules_on_delete": False, "tags": None,
        # Two blocks where AWS keeps one permission, in another order than AWS has them.
        "ingress": [{**port, "cidr_blocks": ["10.2.0.0/16"]}, {**port, "cidr_blocks": ["10.1.0.0/16"]}],
        "egress": [{"from_port": 0, "to_port": 0, "protocol": "-1", "cidr_blocks": ["0.0.0.0/0"], **empty}],
        "arn": f"arn:aws:ec2:{REGION}:123456789012:security-group/{group}",
    }  # fmt: skip
    same = await read("aws_security_group", recorded)
    assert (same.comparison.changes, same.unread) == ((), ())
    assert same.drifted is None, "without a plan nobody knows what is desired"
    assert same.observation.method == "EC2 DescribeSecurityGroups"
    assert same.place == f"account 123456789012, {REGION}"
    assert [one.path for one in same.comparison.hidden if one.rule == "terraform-only-in-state"] == [
        "/revoke_rules_on_delete"
    ]

    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ssh])
    ec2.create_tags(Resources=[group], Tags=[{"Key": "team", "Value": "pay"}])
    opened = await read("aws_security_group", recorded)
    assert opened.drifted is True
    found = paths(opened)
    assert set(found) == {"/ingress/2", "/tags"}
    assert found["/ingress/2"][0] is ABSENT
    assert found["/ingress/2"][1]["cidr_blocks"] == ["0.0.0.0/0"]

    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[{**https, "IpRanges": ranges[:1]}])
    recorded["ingress"] = [*recorded["ingress"], {**port, "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}]
    closed = (await read("aws_security_group", recorded)).comparison.changes
    gone = [each.recorded["cidr_blocks"] for each in closed if each.path[:8] == "/ingress" and each.actual is ABSENT]
    assert gone == [["10.1.0.0/16"]]

    ec2.delete_security_group(GroupId=group)
    deleted = await read("aws_security_group", recorded)
    assert deleted.gone and paths(deleted)[""][1] is ABSENT


async def test_a_rule_of_its_own_is_there_changed_or_gone(cloud: Any, read: Read) -> None:
    ec2 = cloud("ec2")
    group = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    made = ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[{**permission, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "office"}]}]
    )
    rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    newer = {
        "id": rule, "security_group_rule_id": rule, "security_group_id": group, "ip_protocol": "tcp", "from_port": 22,
        "to_port": 22, "cidr_ipv4": "10.9.0.0/16", "cidr_ipv6": None, "description": "office",
    }  # fmt: skip
    assert paths(await read("aws_vpc_security_group_ingress_rule", newer)) == {
        "/cidr_ipv4": ("10.9.0.0/16", "10.0.0.0/8")
    }
    older = {
        "id": "sgrule-1", "type": "ingress", "security_group_id": group, "protocol": "tcp", "from_port": 22,
        "to_port": 22, "cidr_blocks": ["10.0.0.0/8", "10.9.0.0/16"], "self": False, "description": "office",
    }  # fmt: skip
    answer = await read("aws_security_group_rule", older)
    assert [(old, new) for old, new in paths(answer).values()] == [("10.9.0.0/16", ABSENT)]
    assert (await read("aws_security_group_rule", {**older, "from_port": 2222, "to_port": 2222})).gone
    assert (await read("aws_vpc_security_group_ingress_rule", {**newer, "security_group_rule_id": "sgr-0"})).gone


async def test_iam_tells_what_was_widened_and_what_was_attached(cloud: Any, read: Read) -> None:
    iam = cloud("iam")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"Service": "ec2.amazonaws.com"}}]}  # fmt: skip
    narrow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"}]}
    wide = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}]}
    role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(trust), Path="/")["Role"]
    policy = iam.create_policy(PolicyName="read", PolicyDocument=json.dumps(narrow))["Policy"]["Arn"]
    iam.put_role_policy(RoleName="app", PolicyName="inline", PolicyDocument=json.dumps(wide))
    iam.attach_role_policy(RoleName="app", PolicyArn=policy)
    recorded = {
        "id": "app", "name": "app", "arn": role["Arn"], "path": "/", "unique_id": role["RoleId"], "description": "",
        "assume_role_policy": json.dumps(trust), "max_session_duration": 7200, "managed_policy_arns": [],
        "force_detach_policies": False, "permissions_boundary": "", "tags": {}, "tags_all": {},
        "inline_policy": [{"name": "inline", "policy": json.dumps(narrow)}],
    }  # fmt: skip
    answer = await read("aws_iam_role", recorded)
    assert set(paths(answer)) == {"/max_session_duration", "/managed_policy_arns", "/inline_policy/0/policy"}
    assert answer.unread == ()

    held = {"id": policy, "arn": policy, "name": "read", "path": "/", "policy": json.dumps(wide), "description": ""}
    changed = await read("aws_iam_policy", held)
    assert set(paths(changed)) == {"/policy"}
    inline = {"id": "app:inline", "role": "app", "name": "inline", "policy": json.dumps(wide)}
    assert (await read("aws_iam_role_policy", inline)).comparison.changes == ()
    attachment = {"id": "x", "role": "app", "policy_arn": policy}
    assert (await read("aws_iam_role_policy_attachment", attachment)).comparison.changes == ()
    iam.detach_role_policy(RoleName="app", PolicyArn=policy)
    assert (await read("aws_iam_role_policy_attachment", attachment)).gone


async def test_a_bucket_and_its_parts(cloud: Any, read: Read) -> None:
    s3 = cloud("s3")
    s3.create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="logs", VersioningConfiguration={"Status": "Suspended"})
    s3.put_bucket_tagging(Bucket="logs", Tagging={"TagSet": [{"Key": "team", "Value": "pay"},
                                                             {"Key": "managed", "Value": "tofu"}]})  # fmt: skip
    bucket = {
        "id": "logs", "bucket": "logs", "arn": "arn:aws:s3:::logs", "region": REGION, "policy": "",
        "force_destroy": False, "versioning": [{"enabled": True, "mfa_delete": False}],
        "tags": {"team": "pay"}, "tags_all": {"team": "pay", "managed": "tofu"},
    }  # fmt: skip
    answer = await read("aws_s3_bucket", bucket)
    assert paths(answer) == {"/versioning/0/enabled": (True, False)}, "default tags of the provider are no drift"
    closed = {
        "id": "logs", "bucket": "logs", "block_public_acls": True, "block_public_policy": True,
        "ignore_public_acls": True, "restrict_public_buckets": True,
    }  # fmt: skip
    assert (await read("aws_s3_bucket_public_access_block", closed)).gone
    s3.put_public_access_block(
        Bucket="logs",
        PublicAccessBlockConfiguration={"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False,
                                        "RestrictPublicBuckets": True},
    )  # fmt: skip
    assert paths(await read("aws_s3_bucket_public_access_block", closed)) == {"/block_public_policy": (True, False)}
    public = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
              "Resource": "arn:aws:s3:::logs/*"}]}  # fmt: skip
    assert (await read("aws_s3_bucket_policy", {"id": "logs", "bucket": "logs", "policy": "{}"})).gone
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps(public))
    said = await read("aws_s3_bucket_policy", {"id": "logs", "bucket": "logs", "policy": json.dumps(public)})
    assert said.comparison.changes == ()
    versions = {"id": "logs", "bucket": "logs", "versioning_configuration": [{"status": "Enabled", "mfa_delete": ""}]}
    assert paths(await read("aws_s3_bucket_versioning", versions)) == {
        "/versioning_configuration/0/status": ("Enabled", "Suspended")
    }
    rule = {"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256", "kms_master_key_id": ""}],
            "bucket_key_enabled": False}  # fmt: skip
    s3.put_bucket_encryption(
        Bucket="logs",
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/x"}}]
        },
    )
    sealed = await read(
        "aws_s3_bucket_server_side_encryption_configuration", {"id": "logs", "bucket": "logs", "rule": [rule]}
    )
    assert {path.rpartition("/")[2] for path in paths(sealed)} == {"sse_algorithm", "kms_master_key_id"}


async def test_a_database_and_an_instance(cloud: Any, read: Read) -> None:
    rds = cloud("rds")
    made = rds.create_db_instance(
        DBInstanceIdentifier="pay", Engine="postgres", DBInstanceClass="db.t3.small", AllocatedStorage=20,
        MasterUsername="root", MasterUserPassword="correct-horse", EngineVersion="15.4", PubliclyAccessible=True,
    )["DBInstance"]  # fmt: skip
    recorded = {
        "id": "pay", "identifier": "pay", "arn": made["DBInstanceArn"], "engine": "postgres", "engine_version": "15",
        "instance_class": "db.t3.micro", "allocated_storage": 20, "publicly_accessible": False,
        "skip_final_snapshot": True, "password": "correct-horse", "username": "root",
    }  # fmt: skip
    answer = await read("aws_db_instance", recorded)
    assert paths(answer) == {"/instance_class": ("db.t3.micro", "db.t3.small"), "/publicly_accessible": (False, True)}
    assert answer.unread == ("password",), "AWS tells no password: it is unknown"
    ec2 = cloud("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    one = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro")["Instances"][0][
        "InstanceId"
    ]
    held = {"id": one, "ami": image, "instance_type": "t3.large", "instance_state": "running", "user_data": "x"}
    found = await read("aws_instance", held)
    assert paths(found) == {"/instance_type": ("t3.large", "t3.micro")}
    assert found.unread == ("user_data",)
    ec2.terminate_instances(InstanceIds=[one])
    assert (await read("aws_instance", held)).gone


async def test_keys_and_secrets_are_described_and_no_value_is_asked(cloud: Any, read: Read) -> None:
    kms, secrets = cloud("kms"), cloud("secretsmanager")
    key = kms.create_key(Description="pay", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]
    recorded = {
        "id": key["KeyId"], "key_id": key["KeyId"], "arn": key["Arn"], "description": "pay", "is_enabled": True,
        "enable_key_rotation": True, "deletion_window_in_days": 30, "key_usage": "ENCRYPT_DECRYPT",
    }  # fmt: skip
    assert paths(await read("aws_kms_key", recorded)) == {"/enable_key_rotation": (True, False)}
    kms.create_alias(AliasName="alias/pay", TargetKeyId=key["KeyId"])
    alias = {
        "id": "alias/pay",
        "name": "alias/pay",
        "target_key_id": "other",
        "arn": f"arn:aws:kms:{REGION}:123456789012:alias/pay",
    }
    assert set(paths(await read("aws_kms_alias", alias))) == {"/target_key_id"}
    kms.schedule_key_deletion(KeyId=key["KeyId"])
    assert (await read("aws_kms_key", recorded)).gone

    made = secrets.create_secret(Name="db", SecretString="hush-hush", Description="by hand")
    held = {"id": made["ARN"], "arn": made["ARN"], "name": "db", "description": "", "recovery_window_in_days": 30}
    assert set(paths(await read("aws_secretsmanager_secret", held))) == {"/description"}
    version = {
        "id": f"{made['ARN']}|{made['VersionId']}", "secret_id": made["ARN"], "arn": made["ARN"],
        "version_id": made["VersionId"], "version_stages": ["AWSCURRENT"], "secret_string": "hush-hush",
    }  # fmt: skip
    same = await read("aws_secretsmanager_secret_version", version)
    assert (same.comparison.changes, same.unread) == ((), ("secret_string",))
    secrets.put_secret_value(SecretId="db", SecretString="other")
    rotated = await read("aws_secretsmanager_secret_version", version)
    assert set(paths(rotated)) == {"/version_stages"} or rotated.gone
    assert "hush" not in repr(same) + repr(rotated)


async def test_what_the_record_calls_sensitive_stays_so(cloud: Any, read: Read) -> None:
    made = cloud("secretsmanager").create_secret(Name="db", Description="the pin is 4711")
    held = {"id": made["ARN"], "arn": made["ARN"], "name": "db", "description": "the pin is 4711"}
    same = await read("aws_secretsmanager_secret", held, sensitive=("description",))
    assert same.comparison.changes == ()
    changed = await read("aws_secretsmanager_secret", {**held, "description": "x"}, sensitive=("description",))
    (change,) = changed.comparison.changes
    assert change.sensitive
    assert "4711" not in repr(same) + repr(changed)


async def test_names_balancers_groups_functions_and_clusters(cloud: Any, read: Read) -> None:
    route53 = cloud("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="1", HostedZoneConfig={"Comment": "c"})
    short = zone["HostedZone"]["Id"].rpartition("/")[2]
    records = {"Name": "www.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.2"}]}
    route53.change_resource_record_sets(
        HostedZoneId=short, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": records}]}
    )
    recorded = {
        "id": f"{short}_www_A", "zone_id": short, "name": "www", "fqdn": "www.example.com", "type": "A", "ttl": 300,
        "records": ["10.0.0.1"], "alias": [], "set_identifier": "", "allow_overwrite": None,
    }  # fmt: skip
    assert set(paths(await read("aws_route53_record", recorded))) == {"/ttl", "/records"}
    assert (await read("aws_route53_record", {**recorded, "fqdn": "api.example.com"})).gone
    held = {"id": short, "zone_id": short, "name": "example.com", "comment": "other", "force_destroy": False}
    assert set(paths(await read("aws_route53_zone", held))) == {"/comment"}

    ec2, elb = cloud("ec2"), cloud("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{at}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for at, zone in enumerate("ab")
    ]
    balancer = elb.create_load_balancer(Name="web", Subnets=subnets, Scheme="internal")["LoadBalancers"][0]
    arn = balancer["LoadBalancerArn"]
    lb = {
        "id": arn, "arn": arn, "name": "web", "internal": False, "load_balancer_type": "application",
        "subnets": subnets[::-1], "enable_deletion_protection": True, "idle_timeout": 60,
    }  # fmt: skip
    assert set(paths(await read("aws_lb", lb))) == {"/internal", "/enable_deletion_protection"}
    targets = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc, HealthCheckPath="/live")
    target = targets["TargetGroups"][0]["TargetGroupArn"]
    tg = {"id": target, "arn": target, "name": "web", "port": 80, "protocol": "HTTP", "vpc_id": vpc,
          "deregistration_delay": "300", "health_check": [{"path": "/", "port": "traffic-port"}]}  # fmt: skip
    assert set(paths(await read("aws_lb_target_group", tg))) == {"/health_check/0/path"}
    action = [{"Type": "forward", "TargetGroupArn": target}]
    made = elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=action)["Listeners"][0]
    listener = {
        "id": made["ListenerArn"], "arn": made["ListenerArn"], "load_balancer_arn": arn, "port": 8080,
        "protocol": "HTTP", "default_action": [{"type": "forward", "target_group_arn": target, "order": 1}],
    }  # fmt: skip
    assert paths(await read("aws_lb_listener", listener)) == {"/port": (8080, 80)}
    elb.delete_load_balancer(LoadBalancerArn=arn)
    assert (await read("aws_lb", lb)).gone


async def test_groups_that_scale_functions_and_clusters(cloud: Any, read: Read) -> None:
    ec2, scaling, iam = cloud("ec2"), cloud("autoscaling"), cloud("iam")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    scaling.create_launch_configuration(LaunchConfigurationName="web", ImageId=image, InstanceType="t3.micro")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web", LaunchConfigurationName="web", MinSize=1, MaxSize=9, DesiredCapacity=1,
        AvailabilityZones=[f"{REGION}a"], Tags=[{"Key": "team", "Value": "pay", "PropagateAtLaunch": True}],
    )  # fmt: skip
    asg = {
        "id": "web", "name": "web", "min_size": 1, "max_size": 3, "desired_capacity": 1, "launch_configuration": "web",
        "launch_template": [], "suspended_processes": [], "wait_for_capacity_timeout": "10m", "force_delete": False,
        "tag": [{"key": "team", "value": "pay", "propagate_at_launch": True}],
    }  # fmt: skip
    described = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    asg["arn"] = described["AutoScalingGroupARN"]
    answer = await read("aws_autoscaling_group", asg)
    assert paths(answer) == {"/max_size": (3, 9)}
    assert answer.unread == ()
    assert (await read("aws_autoscaling_group", {**asg, "name": "other", "id": "other"})).gone

    trust = {"Version": "2012-10-17", "Statement": []}
    role = iam.create_role(RoleName="f", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    functions = cloud("lambda")
    made = functions.create_function(
        FunctionName="pay", Runtime="python3.12", Role=role, Handler="a.b", Code={"ZipFile": _zip()}, Timeout=30,
        Environment={"Variables": {"LEVEL": "debug", "DB_PASSWORD": "correct-horse"}},
    )  # fmt: skip
    function = {
        "id": "pay", "function_name": "pay", "arn": made["FunctionArn"], "role": role, "handler": "a.b", "timeout": 3,
        "runtime": "python3.12", "filename": "pay.zip", "publish": False, "source_code_hash": made["CodeSha256"],
        "environment": [{"variables": {"LEVEL": "info", "DB_PASSWORD": "correct-horse"}}],
    }  # fmt: skip
    answer = await read("aws_lambda_function", function)
    assert paths(answer) == {"/timeout": (3, 30), "/environment/0/variables/LEVEL": ("info", "debug")}
    assert "correct-horse" not in repr(answer)
    functions.add_permission(
        FunctionName="pay", StatementId="s", Action="lambda:InvokeFunction", Principal="events.amazonaws.com",
        SourceArn="arn:aws:events:eu-west-1:123456789012:rule/any",
    )  # fmt: skip
    permission = {
        "id": "s", "statement_id": "s", "function_name": "pay", "action": "lambda:InvokeFunction",
        "principal": "events.amazonaws.com", "source_arn": "arn:aws:events:eu-west-1:123456789012:rule/one",
    }  # fmt: skip
    assert set(paths(await read("aws_lambda_permission", permission))) == {"/source_arn"}
    assert (await read("aws_lambda_permission", {**permission, "statement_id": "t"})).gone

    eks = cloud("eks")
    cluster = eks.create_cluster(name="prod", roleArn=role, resourcesVpcConfig={"subnetIds": ["subnet-1"]})["cluster"]
    held = {
        "id": "prod", "name": "prod", "arn": cluster["arn"], "role_arn": role, "version": "1.1",
        "vpc_config": [{"subnet_ids": ["subnet-1"], "endpoint_public_access": not _public(cluster)}],
    }  # fmt: skip
    assert set(paths(await read("aws_eks_cluster", held))) == {"/version", "/vpc_config/0/endpoint_public_access"}


def _public(cluster: dict[str, Any]) -> bool:
    return bool(cluster["resourcesVpcConfig"].get("endpointPublicAccess"))


def _zip() -> bytes:
    import io
    import zipfile

    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.py", "def b(event, context): return 1\n")
    return held.getvalue()


async def test_what_another_account_or_region_does_not_show_is_not_called_gone(read: Read) -> None:
    other = "arn:aws:kms:eu-west-1:999999999999:key/1"
    with pytest.raises(BadAnswer, match="is in account 999999999999"):
        await read("aws_kms_key", {"id": "1", "key_id": "1", "arn": other})
    with pytest.raises(BadAnswer, match="its record names no region"):
        await read("aws_vpc_security_group_ingress_rule", {"id": "sgr-1", "security_group_rule_id": "sgr-1"}, region="")

"""Which AWS calls change which Terraform resource: the table that `cloudtrail_events` reads.

One block per type: `type: services | nouns`, then its calls. `Call=a,b` changes the attributes `a` and `b`, `Call=*`
those that the request itself names, and a bare `Call` creates or deletes the whole object. A noun is a word that the
name of a call must hold to concern the type although it is not listed: newer API versions bring new calls.
"""

from typing import Final

TABLE: Final = """\
aws_security_group: ec2 | SecurityGroup
  AuthorizeSecurityGroupIngress=ingress RevokeSecurityGroupIngress=ingress
  UpdateSecurityGroupRuleDescriptionsIngress=ingress AuthorizeSecurityGroupEgress=egress
  RevokeSecurityGroupEgress=egress UpdateSecurityGroupRuleDescriptionsEgress=egress
  ModifySecurityGroupRules=ingress,egress CreateSecurityGroup DeleteSecurityGroup CreateTags=tags,tags_all
  DeleteTags=tags,tags_all
aws_default_security_group: ec2 | SecurityGroup
  AuthorizeSecurityGroupIngress=ingress RevokeSecurityGroupIngress=ingress
  UpdateSecurityGroupRuleDescriptionsIngress=ingress AuthorizeSecurityGroupEgress=egress
  RevokeSecurityGroupEgress=egress UpdateSecurityGroupRuleDescriptionsEgress=egress
  ModifySecurityGroupRules=ingress,egress CreateTags=tags,tags_all DeleteTags=tags,tags_all
aws_security_group_rule: ec2 | SecurityGroup
  AuthorizeSecurityGroupIngress=* RevokeSecurityGroupIngress=* UpdateSecurityGroupRuleDescriptionsIngress=*
  AuthorizeSecurityGroupEgress=* RevokeSecurityGroupEgress=* UpdateSecurityGroupRuleDescriptionsEgress=*
  ModifySecurityGroupRules=*
aws_vpc_security_group_ingress_rule: ec2 | SecurityGroupIngress SecurityGroupRule
  AuthorizeSecurityGroupIngress=* RevokeSecurityGroupIngress=* UpdateSecurityGroupRuleDescriptionsIngress=*
  AuthorizeSecurityGroupEgress=* RevokeSecurityGroupEgress=* UpdateSecurityGroupRuleDescriptionsEgress=*
  ModifySecurityGroupRules=* CreateTags=tags,tags_all DeleteTags=tags,tags_all
aws_vpc_security_group_egress_rule: ec2 | SecurityGroupEgress SecurityGroupRule
  AuthorizeSecurityGroupIngress=* RevokeSecurityGroupIngress=* UpdateSecurityGroupRuleDescriptionsIngress=*
  AuthorizeSecurityGroupEgress=* RevokeSecurityGroupEgress=* UpdateSecurityGroupRuleDescriptionsEgress=*
  ModifySecurityGroupRules=* CreateTags=tags,tags_all DeleteTags=tags,tags_all
aws_network_acl: ec2 | NetworkAcl
  CreateNetworkAclEntry=ingress,egress DeleteNetworkAclEntry=ingress,egress ReplaceNetworkAclEntry=ingress,egress
  ReplaceNetworkAclAssociation=subnet_ids CreateNetworkAcl DeleteNetworkAcl CreateTags=tags,tags_all
  DeleteTags=tags,tags_all
aws_route_table: ec2 | RouteTable
  CreateRoute=route DeleteRoute=route ReplaceRoute=route CreateRouteTable DeleteRouteTable
  EnableVgwRoutePropagation=propagating_vgws DisableVgwRoutePropagation=propagating_vgws CreateTags=tags,tags_all
  DeleteTags=tags,tags_all
aws_route: ec2 | Route
  CreateRoute DeleteRoute ReplaceRoute=*
aws_vpc: ec2 | Vpc
  CreateVpc DeleteVpc ModifyVpcAttribute=* AssociateVpcCidrBlock=cidr_block DisassociateVpcCidrBlock=cidr_block
  CreateTags=tags,tags_all DeleteTags=tags,tags_all
aws_subnet: ec2 | Subnet
  CreateSubnet DeleteSubnet ModifySubnetAttribute=* CreateTags=tags,tags_all DeleteTags=tags,tags_all
aws_internet_gateway: ec2 | InternetGateway
  CreateInternetGateway DeleteInternetGateway AttachInternetGateway=vpc_id DetachInternetGateway=vpc_id
  CreateTags=tags,tags_all DeleteTags=tags,tags_all
aws_instance: ec2 | Instances InstanceAttribute InstanceMetadata
  ModifyInstanceAttribute=* ModifyInstanceMetadataOptions=metadata_options
  ModifyInstanceMaintenanceOptions=maintenance_options ModifyInstanceCreditSpecification=credit_specification
  ModifyInstancePlacement=placement_group,tenancy,host_id AssociateIamInstanceProfile=iam_instance_profile
  DisassociateIamInstanceProfile=iam_instance_profile ReplaceIamInstanceProfileAssociation=iam_instance_profile
  MonitorInstances=monitoring UnmonitorInstances=monitoring AttachVolume=ebs_block_device
  DetachVolume=ebs_block_device AttachNetworkInterface=network_interface DetachNetworkInterface=network_interface
  ModifyNetworkInterfaceAttribute=vpc_security_group_ids,source_dest_check ResetInstanceAttribute=*
  StopInstances=instance_state StartInstances=instance_state RebootInstances=instance_state RunInstances
  TerminateInstances CreateTags=tags,tags_all DeleteTags=tags,tags_all
aws_ebs_volume: ec2 | Volume
  ModifyVolume=* CreateVolume DeleteVolume CreateTags=tags,tags_all DeleteTags=tags,tags_all
aws_launch_template: ec2 | LaunchTemplate
  CreateLaunchTemplate DeleteLaunchTemplate CreateLaunchTemplateVersion=* ModifyLaunchTemplate=default_version
  DeleteLaunchTemplateVersions=latest_version CreateTags=tags,tags_all DeleteTags=tags,tags_all
aws_flow_log: ec2 | FlowLogs
  CreateFlowLogs DeleteFlowLogs CreateTags=tags,tags_all DeleteTags=tags,tags_all
aws_iam_role: iam | Role
  UpdateAssumeRolePolicy=assume_role_policy UpdateRole=description,max_session_duration
  UpdateRoleDescription=description AttachRolePolicy=managed_policy_arns,attached_policies
  DetachRolePolicy=managed_policy_arns,attached_policies PutRolePolicy=inline_policy DeleteRolePolicy=inline_policy
  PutRolePermissionsBoundary=permissions_boundary DeleteRolePermissionsBoundary=permissions_boundary
  TagRole=tags,tags_all UntagRole=tags,tags_all CreateRole DeleteRole
aws_iam_role_policy: iam | RolePolicy
  PutRolePolicy=policy DeleteRolePolicy
aws_iam_role_policy_attachment: iam | RolePolicy
  AttachRolePolicy DetachRolePolicy
aws_iam_policy: iam | Policy
  CreatePolicy DeletePolicy CreatePolicyVersion=policy DeletePolicyVersion=policy SetDefaultPolicyVersion=policy
  TagPolicy=tags,tags_all UntagPolicy=tags,tags_all
aws_iam_policy_attachment: iam | Policy
  AttachRolePolicy=roles DetachRolePolicy=roles AttachUserPolicy=users DetachUserPolicy=users AttachGroupPolicy=groups
  DetachGroupPolicy=groups
aws_iam_user: iam | User LoginProfile
  CreateLoginProfile=login_profile UpdateLoginProfile=login_profile DeleteLoginProfile=login_profile
  CreateAccessKey=access_keys UpdateAccessKey=access_keys DeleteAccessKey=access_keys
  AttachUserPolicy=attached_policies DetachUserPolicy=attached_policies PutUserPolicy=inline_policy
  DeleteUserPolicy=inline_policy AddUserToGroup=groups RemoveUserFromGroup=groups
  PutUserPermissionsBoundary=permissions_boundary DeleteUserPermissionsBoundary=permissions_boundary
  UpdateUser=name,path TagUser=tags,tags_all UntagUser=tags,tags_all CreateUser DeleteUser
aws_iam_user_policy: iam | UserPolicy
  PutUserPolicy=policy DeleteUserPolicy
aws_iam_user_policy_attachment: iam | UserPolicy
  AttachUserPolicy DetachUserPolicy
aws_iam_user_login_profile: iam | LoginProfile
  CreateLoginProfile UpdateLoginProfile=* DeleteLoginProfile
aws_iam_access_key: iam | AccessKey
  CreateAccessKey UpdateAccessKey=status DeleteAccessKey
aws_iam_group: iam | Group
  CreateGroup DeleteGroup UpdateGroup=name,path AttachGroupPolicy=attached_policies
  DetachGroupPolicy=attached_policies PutGroupPolicy=inline_policy DeleteGroupPolicy=inline_policy
  AddUserToGroup=users RemoveUserFromGroup=users
aws_iam_group_policy: iam | GroupPolicy
  PutGroupPolicy=policy DeleteGroupPolicy
aws_iam_group_policy_attachment: iam | GroupPolicy
  AttachGroupPolicy DetachGroupPolicy
aws_iam_group_membership: iam | Group
  AddUserToGroup=users RemoveUserFromGroup=users
aws_iam_user_group_membership: iam | Group
  AddUserToGroup=groups RemoveUserFromGroup=groups
aws_iam_instance_profile: iam | InstanceProfile
  CreateInstanceProfile DeleteInstanceProfile AddRoleToInstanceProfile=role RemoveRoleFromInstanceProfile=role
aws_iam_saml_provider: iam | SAMLProvider
  CreateSAMLProvider DeleteSAMLProvider UpdateSAMLProvider=saml_metadata_document
aws_iam_openid_connect_provider: iam | OpenIDConnectProvider
  CreateOpenIDConnectProvider DeleteOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint=thumbprint_list
  AddClientIDToOpenIDConnectProvider=client_id_list RemoveClientIDFromOpenIDConnectProvider=client_id_list
aws_s3_bucket: s3 | Bucket
  PutBucketPolicy=policy DeleteBucketPolicy=policy PutBucketAcl=acl,grant,access_control_policy
  PutBucketPublicAccessBlock=* DeleteBucketPublicAccessBlock PutPublicAccessBlock=* DeletePublicAccessBlock
  PutBucketVersioning=versioning,versioning_configuration,mfa
  PutBucketEncryption=rule,server_side_encryption_configuration
  DeleteBucketEncryption=rule,server_side_encryption_configuration
  PutBucketLogging=logging,target_bucket,target_prefix PutBucketLifecycle=rule,lifecycle_rule
  DeleteBucketLifecycle=rule,lifecycle_rule PutBucketLifecycleConfiguration=rule,lifecycle_rule
  PutBucketCors=cors_rule DeleteBucketCors=cors_rule PutBucketWebsite=website DeleteBucketWebsite=website
  PutBucketReplication=rule,replication_configuration DeleteBucketReplication=rule,replication_configuration
  PutBucketOwnershipControls=rule DeleteBucketOwnershipControls=rule PutBucketNotification=*
  PutBucketNotificationConfiguration=* PutObjectLockConfiguration=rule,object_lock_configuration
  PutBucketObjectLockConfiguration=rule,object_lock_configuration
  PutBucketAccelerateConfiguration=status,acceleration_status PutAccelerateConfiguration=status,acceleration_status
  PutBucketRequestPayment=payer,request_payer PutBucketTagging=tags,tags_all DeleteBucketTagging=tags,tags_all
  CreateBucket DeleteBucket
aws_s3_bucket_policy: s3 s3control | Bucket
  PutBucketPolicy=policy DeleteBucketPolicy=policy
aws_s3_bucket_acl: s3 s3control | Bucket
  PutBucketAcl=acl,grant,access_control_policy
aws_s3_bucket_public_access_block: s3 s3control | Bucket
  PutBucketPublicAccessBlock=* DeleteBucketPublicAccessBlock PutPublicAccessBlock=* DeletePublicAccessBlock
aws_s3_bucket_versioning: s3 s3control | Bucket
  PutBucketVersioning=versioning,versioning_configuration,mfa
aws_s3_bucket_server_side_encryption_configuration: s3 s3control | Bucket
  PutBucketEncryption=rule,server_side_encryption_configuration
  DeleteBucketEncryption=rule,server_side_encryption_configuration
aws_s3_bucket_logging: s3 s3control | Bucket
  PutBucketLogging=logging,target_bucket,target_prefix
aws_s3_bucket_lifecycle_configuration: s3 s3control | Bucket
  PutBucketLifecycle=rule,lifecycle_rule DeleteBucketLifecycle=rule,lifecycle_rule
  PutBucketLifecycleConfiguration=rule,lifecycle_rule
aws_s3_bucket_cors_configuration: s3 s3control | Bucket
  PutBucketCors=cors_rule DeleteBucketCors=cors_rule
aws_s3_bucket_website_configuration: s3 s3control | Bucket
  PutBucketWebsite=website DeleteBucketWebsite=website
aws_s3_bucket_replication_configuration: s3 s3control | Bucket
  PutBucketReplication=rule,replication_configuration DeleteBucketReplication=rule,replication_configuration
aws_s3_bucket_ownership_controls: s3 s3control | Bucket
  PutBucketOwnershipControls=rule DeleteBucketOwnershipControls=rule
aws_s3_bucket_notification: s3 s3control | Bucket
  PutBucketNotification=* PutBucketNotificationConfiguration=*
aws_s3_bucket_object_lock_configuration: s3 s3control | Bucket
  PutObjectLockConfiguration=rule,object_lock_configuration
  PutBucketObjectLockConfiguration=rule,object_lock_configuration
aws_s3_bucket_accelerate_configuration: s3 s3control | Bucket
  PutBucketAccelerateConfiguration=status,acceleration_status PutAccelerateConfiguration=status,acceleration_status
aws_s3_bucket_request_payment_configuration: s3 s3control | Bucket
  PutBucketRequestPayment=payer,request_payer
aws_s3_account_public_access_block: s3 s3control | PublicAccessBlock
  PutAccountPublicAccessBlock=* DeleteAccountPublicAccessBlock PutPublicAccessBlock=* DeletePublicAccessBlock
aws_db_instance: rds | DBInstance
  ModifyDBInstance=* RebootDBInstance=status StartDBInstance=status StopDBInstance=status CreateDBInstance
  DeleteDBInstance RestoreDBInstanceFromDBSnapshot RestoreDBInstanceToPointInTime RestoreDBInstanceFromS3
  RestoreDBInstanceFromSnapshot AddRoleToDBInstance=iam_roles RemoveRoleFromDBInstance=iam_roles
  AddTagsToResource=tags,tags_all RemoveTagsFromResource=tags,tags_all FailoverDBInstance=status
  PromoteReadReplica=replicate_source_db CreateDBInstanceReadReplica
aws_rds_cluster: rds | DBCluster
  ModifyDBCluster=* RebootDBCluster=status StartDBCluster=status StopDBCluster=status CreateDBCluster DeleteDBCluster
  RestoreDBClusterFromDBSnapshot RestoreDBClusterToPointInTime RestoreDBClusterFromS3 RestoreDBClusterFromSnapshot
  AddRoleToDBCluster=iam_roles RemoveRoleFromDBCluster=iam_roles AddTagsToResource=tags,tags_all
  RemoveTagsFromResource=tags,tags_all FailoverDBCluster=status PromoteReadReplica=replicate_source_db
  CreateDBClusterReadReplica
aws_rds_cluster_instance: rds | DBInstance
  ModifyDBInstance=* RebootDBInstance=status StartDBInstance=status StopDBInstance=status CreateDBInstance
  DeleteDBInstance RestoreDBInstanceFromDBSnapshot RestoreDBInstanceToPointInTime RestoreDBInstanceFromS3
  RestoreDBInstanceFromSnapshot AddRoleToDBInstance=iam_roles RemoveRoleFromDBInstance=iam_roles
  AddTagsToResource=tags,tags_all RemoveTagsFromResource=tags,tags_all FailoverDBInstance=status
  PromoteReadReplica=replicate_source_db CreateDBInstanceReadReplica
aws_db_parameter_group: rds | DBParameterGroup
  ModifyDBParameterGroup=parameter ResetDBParameterGroup=parameter CreateDBParameterGroup DeleteDBParameterGroup
  AddTagsToResource=tags,tags_all RemoveTagsFromResource=tags,tags_all
aws_rds_cluster_parameter_group: rds | DBClusterParameterGroup
  ModifyDBClusterParameterGroup=parameter ResetDBClusterParameterGroup=parameter CreateDBClusterParameterGroup
  DeleteDBClusterParameterGroup
aws_db_option_group: rds | OptionGroup
  ModifyOptionGroup=option CreateOptionGroup DeleteOptionGroup
aws_db_subnet_group: rds | DBSubnetGroup
  ModifyDBSubnetGroup=* CreateDBSubnetGroup DeleteDBSubnetGroup
aws_db_security_group: rds | DBSecurityGroup
  AuthorizeDBSecurityGroupIngress=ingress RevokeDBSecurityGroupIngress=ingress CreateDBSecurityGroup
  DeleteDBSecurityGroup
aws_db_snapshot: rds | DBSnapshot
  ModifyDBSnapshotAttribute=shared_accounts ModifyDBSnapshot=* CreateDBSnapshot DeleteDBSnapshot
aws_eks_cluster: eks | Cluster
  UpdateClusterConfig=* UpdateClusterVersion=version CreateCluster DeleteCluster TagResource=tags,tags_all
  UntagResource=tags,tags_all AssociateEncryptionConfig=encryption_config CreateAccessEntry=access_config
  UpdateAccessEntry=access_config DeleteAccessEntry=access_config
aws_eks_node_group: eks | Nodegroup
  UpdateNodegroupConfig=* UpdateNodegroupVersion=version,release_version CreateNodegroup DeleteNodegroup
aws_eks_addon: eks | Addon
  UpdateAddon=* CreateAddon DeleteAddon
aws_eks_fargate_profile: eks | FargateProfile
  CreateFargateProfile DeleteFargateProfile
aws_eks_access_entry: eks | AccessEntry AccessPolicy
  CreateAccessEntry UpdateAccessEntry=* DeleteAccessEntry AssociateAccessPolicy=* DisassociateAccessPolicy=*
aws_lambda_function: lambda | Function
  AddPermission=policy,permission RemovePermission=policy,permission
  UpdateFunctionCode=source_code_hash,filename,s3_key,s3_object_version,image_uri,code_sha256
  UpdateFunctionConfiguration=* PutFunctionConcurrency=reserved_concurrent_executions
  DeleteFunctionConcurrency=reserved_concurrent_executions PublishVersion=version
  PutFunctionCodeSigningConfig=code_signing_config_arn CreateFunction DeleteFunction TagResource=tags,tags_all
  UntagResource=tags,tags_all PutFunctionRecursionConfig=recursive_loop
aws_lambda_permission: lambda | Permission
  AddPermission RemovePermission
aws_lambda_alias: lambda | Alias
  CreateAlias UpdateAlias=* DeleteAlias
aws_lambda_function_url: lambda | FunctionUrl
  CreateFunctionUrlConfig UpdateFunctionUrlConfig=* DeleteFunctionUrlConfig
aws_lambda_event_source_mapping: lambda | EventSourceMapping
  CreateEventSourceMapping UpdateEventSourceMapping=* DeleteEventSourceMapping
aws_route53_record: route53 | ResourceRecordSets
  ChangeResourceRecordSets=records,ttl,alias,weighted_routing_policy
aws_route53_zone: route53 | HostedZone
  CreateHostedZone DeleteHostedZone UpdateHostedZoneComment=comment AssociateVPCWithHostedZone=vpc
  DisassociateVPCFromHostedZone=vpc ChangeTagsForResource=tags,tags_all ChangeResourceRecordSets=records
aws_kms_key: kms | Key
  PutKeyPolicy=policy EnableKey=is_enabled DisableKey=is_enabled EnableKeyRotation=enable_key_rotation
  DisableKeyRotation=enable_key_rotation ScheduleKeyDeletion=is_enabled,deletion_window_in_days
  CancelKeyDeletion=is_enabled UpdateKeyDescription=description TagResource=tags,tags_all UntagResource=tags,tags_all
  CreateKey
aws_kms_key_policy: kms | KeyPolicy
  PutKeyPolicy=policy
aws_kms_alias: kms | Alias
  CreateAlias UpdateAlias=target_key_id DeleteAlias
aws_kms_grant: kms | Grant
  CreateGrant RevokeGrant RetireGrant
aws_secretsmanager_secret: secretsmanager | Secret ResourcePolicy
  UpdateSecret=description,kms_key_id PutResourcePolicy=policy DeleteResourcePolicy=policy RotateSecret=rotation_rules
  CancelRotateSecret=rotation_rules TagResource=tags,tags_all UntagResource=tags,tags_all RestoreSecret
  ReplicateSecretToRegions=replica RemoveRegionsFromReplication=replica PutSecretValue=secret_string
  UpdateSecretVersionStage=version_stages CreateSecret DeleteSecret
aws_secretsmanager_secret_version: secretsmanager | SecretValue SecretVersion
  PutSecretValue=secret_string,secret_binary UpdateSecret=secret_string,secret_binary
  UpdateSecretVersionStage=version_stages RotateSecret=secret_string
aws_secretsmanager_secret_policy: secretsmanager | ResourcePolicy
  PutResourcePolicy=policy DeleteResourcePolicy
aws_secretsmanager_secret_rotation: secretsmanager | RotateSecret
  RotateSecret=* CancelRotateSecret
aws_autoscaling_group: autoscaling | AutoScalingGroup
  UpdateAutoScalingGroup=* SetDesiredCapacity=desired_capacity CreateAutoScalingGroup DeleteAutoScalingGroup
  CreateOrUpdateTags=tag DeleteTags=tag AttachInstances=desired_capacity DetachInstances=desired_capacity
  AttachLoadBalancerTargetGroups=target_group_arns DetachLoadBalancerTargetGroups=target_group_arns
  AttachLoadBalancers=load_balancers DetachLoadBalancers=load_balancers SuspendProcesses=suspended_processes
  ResumeProcesses=suspended_processes EnableMetricsCollection=enabled_metrics DisableMetricsCollection=enabled_metrics
  SetInstanceProtection=protect_from_scale_in TerminateInstanceInAutoScalingGroup=desired_capacity
  AttachTrafficSources=traffic_source DetachTrafficSources=traffic_source StartInstanceRefresh=instance_refresh
aws_autoscaling_policy: autoscaling | Policy
  PutScalingPolicy=* DeletePolicy
aws_autoscaling_attachment: autoscaling | LoadBalancer
  AttachLoadBalancerTargetGroups DetachLoadBalancerTargetGroups AttachLoadBalancers DetachLoadBalancers
aws_autoscaling_schedule: autoscaling | ScheduledUpdateGroupAction
  PutScheduledUpdateGroupAction=* DeleteScheduledAction
aws_launch_configuration: autoscaling | LaunchConfiguration
  CreateLaunchConfiguration DeleteLaunchConfiguration
aws_lb: elasticloadbalancing | LoadBalancer
  ModifyLoadBalancerAttributes=* SetSecurityGroups=security_groups SetSubnets=subnets,subnet_mapping
  SetIpAddressType=ip_address_type CreateLoadBalancer DeleteLoadBalancer AddTags=tags,tags_all
  RemoveTags=tags,tags_all
aws_lb_listener: elasticloadbalancing | Listener
  ModifyListener=* ModifyListenerAttributes=* AddListenerCertificates=certificate_arn
  RemoveListenerCertificates=certificate_arn CreateListener DeleteListener AddTags=tags,tags_all
  RemoveTags=tags,tags_all
aws_lb_target_group: elasticloadbalancing | TargetGroup
  ModifyTargetGroup=* ModifyTargetGroupAttributes=* RegisterTargets=targets DeregisterTargets=targets
  CreateTargetGroup DeleteTargetGroup AddTags=tags,tags_all RemoveTags=tags,tags_all
aws_lb_listener_rule: elasticloadbalancing | Rule
  ModifyRule=* SetRulePriorities=priority CreateRule DeleteRule
aws_lb_target_group_attachment: elasticloadbalancing | Targets
  RegisterTargets DeregisterTargets
aws_cloudtrail: cloudtrail | Trail Logging EventSelectors
  StopLogging=enable_logging StartLogging=enable_logging UpdateTrail=*
  PutEventSelectors=event_selector,advanced_event_selector PutInsightSelectors=insight_selector AddTags=tags,tags_all
  RemoveTags=tags,tags_all CreateTrail DeleteTrail
aws_cloudwatch_log_group: logs | LogGroup RetentionPolicy
  PutRetentionPolicy=retention_in_days DeleteRetentionPolicy=retention_in_days AssociateKmsKey=kms_key_id
  DisassociateKmsKey=kms_key_id CreateLogGroup DeleteLogGroup TagLogGroup=tags,tags_all UntagLogGroup=tags,tags_all
  TagResource=tags,tags_all UntagResource=tags,tags_all
aws_cloudwatch_log_subscription_filter: logs | SubscriptionFilter
  PutSubscriptionFilter=* DeleteSubscriptionFilter
aws_cloudwatch_log_metric_filter: logs | MetricFilter
  PutMetricFilter=* DeleteMetricFilter
aws_cloudwatch_log_resource_policy: logs | ResourcePolicy
  PutResourcePolicy=policy_document DeleteResourcePolicy
aws_cloudwatch_metric_alarm: monitoring | Alarm
  PutMetricAlarm=* DeleteAlarms DisableAlarmActions=actions_enabled EnableAlarmActions=actions_enabled
  SetAlarmState=state_value TagResource=tags,tags_all UntagResource=tags,tags_all
aws_cloudwatch_dashboard: monitoring | Dashboard
  PutDashboard=dashboard_body DeleteDashboards
aws_cloudwatch_event_rule: events | Rule
  PutRule=* DisableRule=state,is_enabled EnableRule=state,is_enabled DeleteRule
aws_cloudwatch_event_target: events | Targets
  PutTargets=* RemoveTargets
aws_sqs_queue: sqs | Queue
  SetQueueAttributes=* AddPermission=policy RemovePermission=policy CreateQueue DeleteQueue PurgeQueue
  TagQueue=tags,tags_all UntagQueue=tags,tags_all
aws_sqs_queue_policy: sqs | Queue
  SetQueueAttributes=policy AddPermission=policy RemovePermission=policy
aws_sns_topic: sns | Topic
  SetTopicAttributes=* AddPermission=policy RemovePermission=policy CreateTopic DeleteTopic TagResource=tags,tags_all
  UntagResource=tags,tags_all
aws_dynamodb_table: dynamodb | Table TimeToLive ContinuousBackups
  UpdateTable=* UpdateTimeToLive=ttl UpdateContinuousBackups=point_in_time_recovery CreateTable DeleteTable
  TagResource=tags,tags_all UntagResource=tags,tags_all
aws_ecr_repository: ecr | Repository ImageScanning ImageTagMutability
  PutImageScanningConfiguration=image_scanning_configuration PutImageTagMutability=image_tag_mutability
  CreateRepository DeleteRepository TagResource=tags,tags_all UntagResource=tags,tags_all
aws_ecr_repository_policy: ecr | RepositoryPolicy
  SetRepositoryPolicy=policy DeleteRepositoryPolicy
aws_ecs_service: ecs | Service
  UpdateService=* CreateService DeleteService
aws_ssm_parameter: ssm | Parameter
  PutParameter=value,type,description DeleteParameter DeleteParameters AddTagsToResource=tags,tags_all
  RemoveTagsFromResource=tags,tags_all
aws_guardduty_detector: guardduty | Detector
  UpdateDetector=* CreateDetector DeleteDetector
aws_config_configuration_recorder: config | ConfigurationRecorder
  StopConfigurationRecorder=is_enabled StartConfigurationRecorder=is_enabled PutConfigurationRecorder=*
  DeleteConfigurationRecorder
aws_cloudfront_distribution: cloudfront | Distribution
  UpdateDistribution=* CreateDistribution DeleteDistribution TagResource=tags,tags_all UntagResource=tags,tags_all
aws_s3_object: s3 | Object
  PutObject=* CopyObject=* DeleteObject DeleteObjects RestoreObject=* PutObjectAcl=acl PutObjectTagging=tags,tags_all
aws_ami: ec2 | Image
  ModifyImageAttribute=launch_permission,description RegisterImage DeregisterImage CreateImage CopyImage
  EnableImageDeprecation=deprecation_time DisableImage=state CreateTags=tags,tags_all DeleteTags=tags,tags_all
aws_ami_launch_permission: ec2 | ImageAttribute
  ModifyImageAttribute=* ResetImageAttribute
aws_ebs_snapshot: ec2 | Snapshot
  ModifySnapshotAttribute=create_volume_permission ResetSnapshotAttribute=create_volume_permission CreateSnapshot
  DeleteSnapshot ModifySnapshotTier=storage_tier CreateTags=tags,tags_all DeleteTags=tags,tags_all
aws_snapshot_create_volume_permission: ec2 | SnapshotAttribute
  ModifySnapshotAttribute=* ResetSnapshotAttribute
aws_ebs_encryption_by_default: ec2 | EbsEncryptionByDefault
  EnableEbsEncryptionByDefault=enabled DisableEbsEncryptionByDefault=enabled
aws_vpc_endpoint: ec2 | VpcEndpoint
  CreateVpcEndpoint DeleteVpcEndpoints ModifyVpcEndpoint=* CreateTags=tags,tags_all DeleteTags=tags,tags_all
aws_nat_gateway: ec2 | NatGateway
  CreateNatGateway DeleteNatGateway CreateTags=tags,tags_all DeleteTags=tags,tags_all
aws_eip: ec2 | Address
  AllocateAddress ReleaseAddress AssociateAddress=instance,network_interface
  DisassociateAddress=instance,network_interface CreateTags=tags,tags_all DeleteTags=tags,tags_all
aws_route53_resolver_query_log_config: route53resolver | ResolverQueryLogConfig
  CreateResolverQueryLogConfig DeleteResolverQueryLogConfig AssociateResolverQueryLogConfig=association
  DisassociateResolverQueryLogConfig=association
aws_wafv2_web_acl: wafv2 | WebACL
  UpdateWebACL=* CreateWebACL DeleteWebACL
aws_wafv2_web_acl_association: wafv2 | WebACL
  AssociateWebACL DisassociateWebACL
aws_rolesanywhere_trust_anchor: rolesanywhere | TrustAnchor
  CreateTrustAnchor DeleteTrustAnchor UpdateTrustAnchor=* EnableTrustAnchor=enabled DisableTrustAnchor=enabled
aws_sagemaker_notebook_instance: sagemaker | NotebookInstance
  UpdateNotebookInstance=* CreateNotebookInstance DeleteNotebookInstance StopNotebookInstance=status
  StartNotebookInstance=status
aws_sagemaker_notebook_instance_lifecycle_configuration: sagemaker | NotebookInstanceLifecycleConfig
  UpdateNotebookInstanceLifecycleConfig=on_start,on_create CreateNotebookInstanceLifecycleConfig
  DeleteNotebookInstanceLifecycleConfig
aws_organizations_account: organizations | Account Organization
  LeaveOrganization RemoveAccountFromOrganization MoveAccount=parent_id CloseAccount CreateAccount
aws_ssm_document: ssm | Document
  CreateDocument UpdateDocument=content DeleteDocument ModifyDocumentPermission=permissions
  UpdateDocumentDefaultVersion=default_version
aws_elasticsearch_domain: es | Domain
  UpdateElasticsearchDomainConfig=* CreateElasticsearchDomain DeleteElasticsearchDomain
aws_opensearch_domain: es | Domain
  UpdateDomainConfig=* CreateDomain DeleteDomain UpdateElasticsearchDomainConfig=*
aws_redshift_cluster: redshift | Cluster
  ModifyCluster=* CreateCluster DeleteCluster RebootCluster=status
aws_elasticache_cluster: elasticache | CacheCluster
  ModifyCacheCluster=* CreateCacheCluster DeleteCacheCluster RebootCacheCluster=status
aws_ecs_task_definition: ecs | TaskDefinition
  RegisterTaskDefinition DeregisterTaskDefinition
aws_ecs_cluster: ecs | Cluster
  UpdateCluster=* UpdateClusterSettings=setting CreateCluster DeleteCluster
aws_api_gateway_rest_api: apigateway | RestApi
  UpdateRestApi=* PutRestApi=body CreateRestApi DeleteRestApi ImportRestApi
aws_acm_certificate: acm | Certificate
  RequestCertificate ImportCertificate DeleteCertificate UpdateCertificateOptions=options
aws_cloudformation_stack: cloudformation | Stack
  UpdateStack=* CreateStack DeleteStack ExecuteChangeSet=template_body,parameters SetStackPolicy=policy_body
"""

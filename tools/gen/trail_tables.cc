#include "tools/gen/trail_tables.h"

#include <array>

namespace weir {

namespace {

constexpr std::string_view kNull = "null";
constexpr std::string_view kReturnTrue =
    R"({"_return":true,"requestId":"########-####-4###-a###-############"})";
constexpr bool kReads = true;
constexpr bool kWrites = false;
constexpr bool kData = true;

constexpr auto kCalls = std::to_array<TrailCall>({
    {"s3", "GetObject",
     R"({"bucketName":"acme-data-####","Host":"acme-data-####.s3.us-east-1.amazonaws.com",)"
     R"("key":"exports/2026/11/part-########.parquet"})",
     kNull, kReads, kData, 150},
    {"s3", "PutObject",
     R"({"bucketName":"acme-logs-####","Host":"acme-logs-####.s3.us-east-1.amazonaws.com",)"
     R"("key":"app/2026/11/21/########.json.gz","x-amz-acl":"private"})",
     R"({"x-amz-server-side-encryption":"aws:kms","x-amz-expiration":"none"})", kWrites, kData, 90},
    {"s3", "DeleteObject",
     R"({"bucketName":"acme-tmp-####","Host":"acme-tmp-####.s3.us-east-1.amazonaws.com",)"
     R"("key":"scratch/########"})",
     kNull, kWrites, kData, 25},
    {"s3", "ListBuckets", R"({"Host":"s3.us-east-1.amazonaws.com"})", kNull, kReads, !kData, 20},
    {"sts", "AssumeRole",
     R"({"roleArn":"arn:aws:iam::123456789012:role/deploy-####",)"
     R"("roleSessionName":"session-########","durationSeconds":3600})",
     R"({"credentials":{"accessKeyId":"ASIA############","expiration":"Nov 21, 2026,)"
     R"( 7:00:00 AM","sessionToken":"IQoJb3JpZ2luX2VjE########################"},)"
     R"("assumedRoleUser":{"assumedRoleId":"AROA############:session-########",)"
     R"("arn":"arn:aws:sts::123456789012:assumed-role/deploy-####/session"}})",
     kReads, !kData, 120},
    {"sts", "GetCallerIdentity", kNull, kNull, kReads, !kData, 40},
    {"ec2", "DescribeInstances",
     R"({"maxResults":1000,"instancesSet":{"items":[{"instanceId":"i-0################"}]},)"
     R"("filterSet":{}})",
     kNull, kReads, !kData, 110},
    {"ec2", "DescribeVolumes", R"({"volumeSet":{},"filterSet":{"items":[{"name":"status"}]}})",
     kNull, kReads, !kData, 40},
    {"ec2", "RunInstances",
     R"({"instancesSet":{"items":[{"imageId":"ami-0################","minCount":1,)"
     R"("maxCount":2}]},"instanceType":"m7i.large","blockDeviceMapping":{},)"
     R"("monitoring":{"enabled":false},"disableApiTermination":false})",
     R"({"requestId":"########-####-4###-a###-############",)"
     R"("reservationId":"r-0################","ownerId":"123456789012",)"
     R"("instancesSet":{"items":[{"instanceId":"i-0################",)"
     R"("currentState":{"code":0,"name":"pending"}}]}})",
     kWrites, !kData, 15},
    {"ec2", "DeleteSecurityGroup", R"({"groupId":"sg-0################"})", kReturnTrue, kWrites,
     !kData, 8},
    {"ec2", "DeleteVolume", R"({"volumeId":"vol-0################"})", kReturnTrue, kWrites, !kData,
     8},
    {"ec2", "AuthorizeSecurityGroupIngress",
     R"({"groupId":"sg-0################","ipPermissions":{"items":[{"ipProtocol":"tcp",)"
     R"("fromPort":22,"toPort":22,"groups":{},)"
     R"("ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"}]}}]}})",
     kReturnTrue, kWrites, !kData, 6},
    {"kms", "Decrypt",
     R"({"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::acme-data-####/exports"},)"
     R"("encryptionAlgorithm":"SYMMETRIC_DEFAULT"})",
     kNull, kReads, !kData, 120},
    {"kms", "GenerateDataKey",
     R"({"keyId":"arn:aws:kms:us-east-1:123456789012:key/########-####-4###-a###-##########)"
     R"(##","keySpec":"AES_256","encryptionContext":{"table":"orders"}})",
     kNull, kReads, !kData, 60},
    {"iam", "GetRole", R"({"roleName":"service-role-####"})", kNull, kReads, !kData, 25},
    {"iam", "ListUsers", R"({"maxItems":100})", kNull, kReads, !kData, 12},
    {"iam", "CreateAccessKey", R"({"userName":"ci-####"})",
     R"({"accessKey":{"userName":"ci-####","accessKeyId":"AKIA############",)"
     R"("status":"Active","createDate":"Nov 21, 2026, 6:00:00 AM"}})",
     kWrites, !kData, 4},
    {"iam", "DeleteUser", R"({"userName":"temp-####"})", kNull, kWrites, !kData, 4},
    {"iam", "DeleteRolePolicy", R"({"roleName":"app-####","policyName":"inline-####"})", kNull,
     kWrites, !kData, 5},
    {"iam", "AttachRolePolicy",
     R"({"roleName":"app-####","policyArn":"arn:aws:iam::aws:policy/ReadOnlyAccess"})", kNull,
     kWrites, !kData, 5},
    {"lambda", "UpdateFunctionCode20150331v2",
     R"({"functionName":"arn:aws:lambda:us-east-1:123456789012:function:ingest-####",)"
     R"("publish":false,"dryRun":false})",
     R"({"functionName":"ingest-####","runtime":"python3.12","codeSize":48231,"timeout":30,)"
     R"("memorySize":512,"lastModified":"2026-11-21T06:00:00.000+0000","state":"Active"})",
     kWrites, !kData, 8},
    {"lambda", "DeleteFunction20150331", R"({"functionName":"preview-########"})", kNull, kWrites,
     !kData, 4},
    {"dynamodb", "DescribeTable", R"({"tableName":"orders-####"})", kNull, kReads, !kData, 30},
    {"dynamodb", "DeleteTable", R"({"tableName":"tmp-########"})",
     R"({"tableDescription":{"tableName":"tmp-####","tableStatus":"DELETING","itemCount":0,)"
     R"("tableSizeBytes":0}})",
     kWrites, !kData, 3},
    {"logs", "CreateLogStream",
     R"({"logGroupName":"/aws/lambda/ingest-####",)"
     R"("logStreamName":"2026/11/21/[$LATEST]################################"})",
     kNull, kWrites, !kData, 55},
    {"ssm", "GetParameter", R"({"name":"/prod/app-####/database/password","withDecryption":true})",
     kNull, kReads, !kData, 35},
    {"secretsmanager", "GetSecretValue",
     R"({"secretId":"arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-####"})", kNull,
     kReads, !kData, 25},
    {"autoscaling", "DescribeAutoScalingGroups",
     R"({"autoScalingGroupNames":["web-####"],"maxRecords":100})", kNull, kReads, !kData, 25},
    {"signin", "ConsoleLogin", kNull, R"({"ConsoleLogin":"Success"})", kWrites, !kData, 6},
    {"rds", "DeleteDBSnapshot", R"({"dBSnapshotIdentifier":"nightly-########"})",
     R"({"dBSnapshotIdentifier":"nightly","engine":"postgres","allocatedStorage":100,)"
     R"("status":"deleted"})",
     kWrites, !kData, 3},
});

}  // namespace

std::span<const TrailCall> trail_calls() {
  return kCalls;
}

}  // namespace weir

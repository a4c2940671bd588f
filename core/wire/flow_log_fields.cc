#include "core/wire/flow_log_fields.h"

#include <algorithm>
#include <array>

namespace weir {

namespace {

// Every other published field.
constexpr auto kTextFields = std::to_array<std::string_view>(
    {// version 2
     "account-id", "interface-id", "srcaddr", "dstaddr", "action", "log-status",
     // 3
     "vpc-id", "subnet-id", "instance-id", "type", "pkt-srcaddr", "pkt-dstaddr",
     // 4
     "region", "az-id", "sublocation-type", "sublocation-id",
     // 5
     "pkt-src-aws-service", "pkt-dst-aws-service", "flow-direction",
     // 7
     "ecs-cluster-arn", "ecs-cluster-name", "ecs-container-instance-arn",
     "ecs-container-instance-id", "ecs-container-id", "ecs-second-container-id", "ecs-service-name",
     "ecs-task-definition-arn", "ecs-task-arn", "ecs-task-id",
     // 8, 9
     "reject-reason", "resource-id",
     // 6: transit gateway
     "resource-type", "tgw-id", "tgw-attachment-id", "tgw-src-vpc-account-id",
     "tgw-dst-vpc-account-id", "tgw-src-vpc-id", "tgw-dst-vpc-id", "tgw-src-subnet-id",
     "tgw-dst-subnet-id", "tgw-src-eni", "tgw-dst-eni", "tgw-src-az-id", "tgw-dst-az-id",
     "tgw-pair-attachment-id"});

constexpr auto kIntegerFields = std::to_array<std::string_view>(
    {// version 2
     "version", "srcport", "dstport", "protocol", "packets", "bytes", "start", "end",
     // 3, 5, 10
     "tcp-flags", "traffic-path", "encryption-status",
     // 6: transit gateway
     "packets-lost-no-route", "packets-lost-blackhole", "packets-lost-mtu-exceeded",
     "packets-lost-ttl-expired"});

}  // namespace

std::optional<FlowLogType> published_flow_log_type(std::string_view name) {
  if (std::ranges::find(kIntegerFields, name) != kIntegerFields.end()) return FlowLogType::integer;
  if (std::ranges::find(kTextFields, name) != kTextFields.end()) return FlowLogType::text;
  return std::nullopt;
}

}  // namespace weir

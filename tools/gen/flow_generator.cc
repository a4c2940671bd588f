#include "tools/gen/flow_generator.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/wire/flow_log_fields.h"
#include "tools/gen/draws.h"
#include "tools/gen/flow_model.h"

namespace weir {

namespace {

// What the model knows; any other published field is absent in each record.
enum class Field : std::uint8_t {
  absent,
  version,
  account_id,
  interface_id,
  source,
  destination,
  source_port,
  destination_port,
  protocol,
  packets,
  bytes,
  start,
  end,
  action,
  log_status,
  vpc_id,
  subnet_id,
  instance_id,
  tcp_flags,
  type,
  region,
  az_id,
  source_service,
  destination_service,
  flow_direction,
  traffic_path
};

struct NamedField {
  std::string_view name;
  Field field;
  unsigned since;
};

constexpr auto kFields = std::to_array<NamedField>({
    {"version", Field::version, 2},
    {"account-id", Field::account_id, 2},
    {"interface-id", Field::interface_id, 2},
    {"srcaddr", Field::source, 2},
    {"dstaddr", Field::destination, 2},
    {"srcport", Field::source_port, 2},
    {"dstport", Field::destination_port, 2},
    {"protocol", Field::protocol, 2},
    {"packets", Field::packets, 2},
    {"bytes", Field::bytes, 2},
    {"start", Field::start, 2},
    {"end", Field::end, 2},
    {"action", Field::action, 2},
    {"log-status", Field::log_status, 2},
    {"vpc-id", Field::vpc_id, 3},
    {"subnet-id", Field::subnet_id, 3},
    {"instance-id", Field::instance_id, 3},
    {"tcp-flags", Field::tcp_flags, 3},
    {"type", Field::type, 3},
    {"pkt-srcaddr", Field::source, 3},
    {"pkt-dstaddr", Field::destination, 3},
    {"region", Field::region, 4},
    {"az-id", Field::az_id, 4},
    {"sublocation-type", Field::absent, 4},
    {"sublocation-id", Field::absent, 4},
    {"pkt-src-aws-service", Field::source_service, 5},
    {"pkt-dst-aws-service", Field::destination_service, 5},
    {"flow-direction", Field::flow_direction, 5},
    {"traffic-path", Field::traffic_path, 5},
    {"reject-reason", Field::absent, 8},
    {"resource-id", Field::absent, 9},
    {"encryption-status", Field::absent, 10},
});

class FlowLogGenerator final : public Generator {
 public:
  FlowLogGenerator(std::uint64_t seed, const FlowLogLayout& layout, FlowForm form);
  void append_next(std::string& out) override;
  std::string header() const override { return form_ == FlowForm::text ? header_ : ""; }

 private:
  struct Column {
    Field field = Field::absent;
    std::string key;  // `"name":`, for JSON
    bool quoted = false;
  };
  // The text of a field that is no number; empty: absent.
  std::string_view text_of(Field field, const FlowRecord& record) const;
  // False if the field is absent.
  bool number_of(Field field, const FlowRecord& record, std::uint64_t& number) const;
  void append_text(const FlowRecord& record);
  void append_json(const FlowRecord& record);

  FlowModel model_;
  FlowForm form_;
  std::string header_;
  std::vector<Column> columns_;
  unsigned version_ = 2;
  LineBuffer line_;
};

FlowLogGenerator::FlowLogGenerator(std::uint64_t seed, const FlowLogLayout& layout, FlowForm form)
    : model_(seed, form == FlowForm::text), form_(form), header_(layout.header()) {
  for (const FlowLogField& field : layout.fields()) {
    Column column;
    for (const NamedField& named : kFields) {
      if (named.name != field.name) continue;
      column.field = named.field;
      if (named.since > version_) version_ = named.since;
    }
    column.quoted = field.type == FlowLogType::text;
    column.key = "\"" + field.name + "\":";
    columns_.push_back(std::move(column));
  }
}

std::string_view FlowLogGenerator::text_of(Field field, const FlowRecord& record) const {
  const bool data = record.status == FlowStatus::ok;
  switch (field) {
    case Field::account_id:
      return record.account;
    case Field::interface_id:
      return record.interface_id;
    case Field::log_status:
      if (record.status == FlowStatus::no_data) return "NODATA";
      return data ? "OK" : "SKIPDATA";
    case Field::source:
      return record.source;
    case Field::destination:
      return record.destination;
    case Field::action:
      if (!data) return {};
      return record.rejected ? "REJECT" : "ACCEPT";
    case Field::vpc_id:
      return data ? record.vpc_id : std::string_view();
    case Field::subnet_id:
      return data ? record.subnet_id : std::string_view();
    case Field::instance_id:
      return data ? record.instance_id : std::string_view();
    case Field::az_id:
      return data ? record.az_id : std::string_view();
    case Field::region:
      return data ? "us-east-1" : "";
    case Field::type:
      if (!data) return {};
      return record.ipv6 ? "IPv6" : "IPv4";
    case Field::source_service:
      return record.source_service;
    case Field::destination_service:
      return record.destination_service;
    case Field::flow_direction:
      if (!data) return {};
      return record.inward ? "ingress" : "egress";
    default:
      return {};
  }
}

bool FlowLogGenerator::number_of(Field field, const FlowRecord& record,
                                 std::uint64_t& number) const {
  switch (field) {
    case Field::version:
      number = version_;
      return true;
    case Field::start:
      number = record.start_s;
      return true;
    case Field::end:
      number = record.end_s;
      return true;
    case Field::source_port:
      number = record.source_port;
      break;
    case Field::destination_port:
      number = record.destination_port;
      break;
    case Field::protocol:
      number = record.protocol;
      break;
    case Field::packets:
      number = record.packets;
      break;
    case Field::bytes:
      number = record.bytes;
      break;
    case Field::tcp_flags:
      number = record.tcp_flags;
      break;
    case Field::traffic_path:
      number = record.traffic_path;
      return record.traffic_path != 0;
    default:
      return false;
  }
  return record.status == FlowStatus::ok;
}

void FlowLogGenerator::append_text(const FlowRecord& record) {
  bool first = true;
  for (const Column& column : columns_) {
    if (!first) line_.add(' ');
    first = false;
    std::uint64_t number = 0;
    if (column.quoted) {
      const std::string_view text = text_of(column.field, record);
      line_.add(text.empty() ? "-" : text);
    } else if (number_of(column.field, record, number)) {
      line_.add_number(number);
    } else {
      line_.add('-');
    }
  }
}

void FlowLogGenerator::append_json(const FlowRecord& record) {
  std::string_view before = "{";
  for (const Column& column : columns_) {
    std::uint64_t number = 0;
    if (column.quoted) {
      const std::string_view text = text_of(column.field, record);
      if (text.empty()) continue;
      line_.add_all(before, column.key, "\"", text, "\"");
    } else {
      if (!number_of(column.field, record, number)) continue;
      line_.add_all(before, column.key, number);
    }
    before = ",";
  }
  line_.add_all(before == "{" ? "{}" : "}");
}

void FlowLogGenerator::append_next(std::string& out) {
  line_.clear();
  const FlowRecord& record = model_.next();
  if (form_ == FlowForm::text) {
    append_text(record);
  } else {
    append_json(record);
  }
  line_.add('\n');
  out += line_.view();
}

}  // namespace

Result<std::unique_ptr<Generator>> make_flow_log_generator(std::uint64_t seed,
                                                           const FlowLogLayout& layout,
                                                           FlowForm form) {
  for (const FlowLogField& field : layout.fields()) {
    if (!published_flow_log_type(field.name)) {
      return Error{"\"" + field.name + "\" is no field of VPC flow logs"};
    }
  }
  return std::unique_ptr<Generator>(std::make_unique<FlowLogGenerator>(seed, layout, form));
}

}  // namespace weir

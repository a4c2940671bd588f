// A network whose traffic fills flow logs: interfaces of a few accounts, peers of which few talk
// most, services with 443 and 22 heavy, log-normal sizes, scans that are refused, some IPv6, and
// windows without data.
//
// The shares follow what real samples and operators' reports show; each stands beside its name in
// flow_model.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/gen/draws.h"

namespace weir {

enum class FlowStatus : std::uint8_t { ok, no_data, skip_data };

// One record. The texts belong to the model.
struct FlowRecord {
  FlowStatus status = FlowStatus::ok;
  std::string_view account;
  std::string_view interface_id;
  std::string_view vpc_id;
  std::string_view subnet_id;
  std::string_view instance_id;
  std::string_view az_id;
  std::string_view source;
  std::string_view destination;
  std::string_view source_service;  // of AWS; empty: none
  std::string_view destination_service;
  std::uint64_t source_port = 0;
  std::uint64_t destination_port = 0;
  std::uint64_t protocol = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t start_s = 0;
  std::uint64_t end_s = 0;
  std::uint64_t tcp_flags = 0;
  std::uint64_t traffic_path = 0;  // 0: does not apply
  bool ipv6 = false;
  bool rejected = false;
  bool inward = false;
};

class FlowModel {
 public:
  // `with_gaps`: NODATA and SKIPDATA records too.
  FlowModel(std::uint64_t seed, bool with_gaps);
  const FlowRecord& next();

 private:
  struct Interface {
    std::string account;
    std::string id;
    std::string vpc_id;
    std::string subnet_id;
    std::string instance_id;
    std::string az_id;
    std::string address;
    std::string address6;
  };
  struct Peer {
    std::string address;
    std::string address6;
    std::string_view service;
  };

  void make_interfaces();
  void make_peers();
  void draw_times();
  void draw_ends(const Interface& interface, const Peer& peer);
  void draw_service(bool scan);
  void draw_sizes(bool scan);

  Random random_;
  bool with_gaps_;
  std::vector<Interface> interfaces_;
  std::vector<Peer> peers_;
  WeightedIndex interface_draw_;
  WeightedIndex peer_draw_;
  WeightedIndex service_draw_;
  WeightedIndex scan_draw_;
  std::uint64_t made_ = 0;
  FlowRecord record_;
};

}  // namespace weir

#include "tools/gen/flow_model.h"

#include <array>
#include <span>

namespace weir {

namespace {

constexpr std::uint64_t kFirstSecond = 1795240800;  // 2026-11-21T06:00:00Z
constexpr std::uint64_t kRecordsPerSecond = 20000;  // how fast the time in the records goes on
constexpr std::size_t kInterfaces = 512;
constexpr std::size_t kPeers = 8192;

// Shares, of 1,000 records.
constexpr std::uint32_t kNoData = 16;
constexpr std::uint32_t kSkipData = 4;
constexpr std::uint32_t kScans = 230;  // from outside, to ports that are closed or guessed
constexpr std::uint32_t kScansRefused = 850;
constexpr std::uint32_t kOthersRefused = 10;
constexpr std::uint32_t kIpv6 = 150;
constexpr std::uint32_t kInward = 450;  // of what is no scan: packets towards the interface
constexpr std::uint32_t kServed = 500;  // the interface is the server
constexpr std::uint32_t kInside = 350;  // the peer is another interface

struct Service {
  std::uint64_t port;
  std::uint64_t protocol;
  std::uint32_t weight;
};

constexpr std::uint64_t kIcmp = 1;
constexpr std::uint64_t kTcp = 6;
constexpr std::uint64_t kUdp = 17;
constexpr std::uint64_t kIcmp6 = 58;

constexpr auto kServices = std::to_array<Service>({{443, kTcp, 520},
                                                   {22, kTcp, 60},
                                                   {80, kTcp, 110},
                                                   {53, kUdp, 80},
                                                   {123, kUdp, 25},
                                                   {5432, kTcp, 45},
                                                   {3306, kTcp, 30},
                                                   {6379, kTcp, 35},
                                                   {9092, kTcp, 25},
                                                   {8080, kTcp, 30},
                                                   {2049, kTcp, 10},
                                                   {3389, kTcp, 8},
                                                   {443, kUdp, 12},
                                                   {0, kIcmp, 10}});
constexpr auto kScanned = std::to_array<Service>({{22, kTcp, 220},
                                                  {3389, kTcp, 120},
                                                  {23, kTcp, 150},
                                                  {445, kTcp, 110},
                                                  {80, kTcp, 60},
                                                  {8080, kTcp, 50},
                                                  {5984, kTcp, 15},
                                                  {8545, kTcp, 15},
                                                  {1433, kTcp, 30},
                                                  {5060, kUdp, 40},
                                                  {0, kIcmp, 20},
                                                  {1, kTcp, 170}});  // 1: any port

constexpr std::array<std::string_view, 3> kAccounts = {"123456789010", "210987654321",
                                                       "345678901234"};
constexpr std::array<std::string_view, 3> kZones = {"use1-az1", "use1-az2", "use1-az4"};
constexpr std::array<std::string_view, 5> kAwsServices = {"S3", "EC2", "DYNAMODB", "AMAZON",
                                                          "CLOUDFRONT"};

WeightedIndex by_weight(std::span<const Service> services) {
  std::vector<std::uint32_t> weights;
  for (const Service& service : services) weights.push_back(service.weight);
  return WeightedIndex(weights);
}

}  // namespace

FlowModel::FlowModel(std::uint64_t seed, bool with_gaps)
    : random_(seed),
      with_gaps_(with_gaps),
      interface_draw_(few_talkers(kInterfaces)),
      peer_draw_(few_talkers(kPeers)),
      service_draw_(by_weight(kServices)),
      scan_draw_(by_weight(kScanned)) {
  make_interfaces();
  make_peers();
}

void FlowModel::make_interfaces() {
  std::array<std::string, kAccounts.size()> vpcs;
  for (std::string& vpc : vpcs) vpc = "vpc-0" + hex_digits(random_, 16);
  std::array<std::string, 12> subnets;
  for (std::string& subnet : subnets) subnet = "subnet-0" + hex_digits(random_, 16);
  for (std::size_t i = 0; i < kInterfaces; ++i) {
    const std::size_t account = random_.below(kAccounts.size());
    const std::size_t zone = random_.below(kZones.size());
    const std::size_t subnet = account * 4 + zone;
    interfaces_.push_back(
        {.account = std::string(kAccounts[account]),
         .id = "eni-0" + hex_digits(random_, 16),
         .vpc_id = vpcs[account],
         .subnet_id = subnets[subnet],
         .instance_id = draw_chance(random_, 800) ? "i-0" + hex_digits(random_, 16) : "",
         .az_id = std::string(kZones[zone]),
         .address = private_address(random_, static_cast<unsigned>(subnet)),
         .address6 = ipv6_address(random_, "2600:1f18:4a3b:b80" + std::to_string(zone))});
  }
}

void FlowModel::make_peers() {
  for (std::size_t i = 0; i < kPeers; ++i) {
    const bool aws = draw_chance(random_, 300);
    peers_.push_back({.address = public_address(random_),
                      .address6 = ipv6_address(random_, "2a02:26f0:6c00:" + hex_digits(random_, 4)),
                      .service = aws ? pick(random_, kAwsServices) : std::string_view()});
  }
}

const FlowRecord& FlowModel::next() {
  const Interface& interface = interfaces_[interface_draw_.draw(random_)];
  record_ = {};
  record_.account = interface.account;
  record_.interface_id = interface.id;
  record_.vpc_id = interface.vpc_id;
  record_.subnet_id = interface.subnet_id;
  record_.instance_id = interface.instance_id;
  record_.az_id = interface.az_id;
  draw_times();
  if (with_gaps_) {
    const std::uint64_t gap = random_.below(1000);
    if (gap < kNoData + kSkipData) {
      record_.status = gap < kNoData ? FlowStatus::no_data : FlowStatus::skip_data;
      return record_;
    }
  }
  const bool scan = draw_chance(random_, kScans);
  record_.ipv6 = !scan && draw_chance(random_, kIpv6);
  record_.inward = scan || draw_chance(random_, kInward);
  record_.rejected = draw_chance(random_, scan ? kScansRefused : kOthersRefused);
  draw_service(scan);
  draw_ends(interface, peers_[peer_draw_.draw(random_)]);
  draw_sizes(scan);
  return record_;
}

void FlowModel::draw_times() {
  const std::uint64_t now = kFirstSecond + made_++ / kRecordsPerSecond;
  record_.start_s = now - random_.below(60);
  record_.end_s = record_.start_s + random_.below(60);
}

void FlowModel::draw_service(bool scan) {
  const Service& service =
      scan ? kScanned[scan_draw_.draw(random_)] : kServices[service_draw_.draw(random_)];
  record_.protocol = service.protocol;
  if (service.protocol == kIcmp) {
    if (record_.ipv6) record_.protocol = kIcmp6;
    return;  // no ports
  }
  const std::uint64_t port = service.port == 1 ? 1 + random_.below(65535) : service.port;
  const std::uint64_t client_port = 1024 + random_.below(64512);
  // Towards the server its port is the destination.
  const bool served = scan || draw_chance(random_, kServed);
  const bool to_server = served == record_.inward;
  record_.source_port = to_server ? client_port : port;
  record_.destination_port = to_server ? port : client_port;
}

void FlowModel::draw_ends(const Interface& interface, const Peer& peer) {
  const bool inside =
      !record_.ipv6 && record_.destination_port != 23 && draw_chance(random_, kInside);
  std::string_view far = record_.ipv6 ? peer.address6 : peer.address;
  std::string_view service = peer.service;
  if (inside && !record_.rejected) {
    far = interfaces_[interface_draw_.draw(random_)].address;
    service = {};
  }
  const std::string_view near = record_.ipv6 ? interface.address6 : interface.address;
  record_.source = record_.inward ? far : near;
  record_.destination = record_.inward ? near : far;
  (record_.inward ? record_.source_service : record_.destination_service) = service;
  if (!record_.inward) record_.traffic_path = inside ? 1 : 8;
}

void FlowModel::draw_sizes(bool scan) {
  if (record_.rejected || scan) {
    record_.packets = 1 + random_.below(3);
    record_.bytes = record_.packets * (40 + 4 * random_.below(6));
    record_.tcp_flags = record_.protocol == kTcp ? 2 : 0;
    return;
  }
  // Median 32 packets of some 440 bytes; one standard deviation of the packets is a factor of 10.
  record_.packets = draw_log_normal(random_, 1280, 870);
  const std::uint64_t packet_bytes = 40 + draw_log_normal(random_, 2210, 340);
  record_.bytes = record_.packets * (packet_bytes < 8900 ? packet_bytes : 8900);
  static constexpr std::array<std::uint64_t, 6> kFlags = {0, 2, 3, 18, 19, 19};
  if (record_.protocol == kTcp) record_.tcp_flags = pick(random_, kFlags);
}

}  // namespace weir

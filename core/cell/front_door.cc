#include "core/cell/front_door.h"

#include <algorithm>

namespace weir {
namespace {

std::vector<std::string> bus_names(const Catalog& catalog) {
  std::vector<std::string> names;
  for (const BusSpec& bus : catalog.buses) names.push_back(bus.name);
  return names;
}

std::vector<std::vector<Secret>> tokens_of(const Catalog& catalog) {
  std::vector<std::vector<Secret>> tokens;
  for (const SourceSpec& source : catalog.sources) tokens.push_back(source.http.tokens);
  return tokens;
}

// Those that let everybody in; the configuration has seen to it that they are bound to loopback.
std::vector<bool> local_sources(const Catalog& catalog) {
  std::vector<bool> local;
  for (const SourceSpec& source : catalog.sources) local.push_back(source.http.tokens.empty());
  return local;
}

std::vector<HttpListener> http_listeners(const Catalog& catalog,
                                         const std::vector<SourceListener>& listeners) {
  std::vector<HttpListener> result;
  for (const SourceListener& listener : listeners) {
    HttpListener one{.handle = listener.handle, .source = listener.source};
    one.limits.body_bytes = catalog.sources[listener.source.value].http.body_bytes_max;
    result.push_back(one);
  }
  return result;
}

AwsRoute::Options aws_options(const Catalog& catalog) {
  AwsRoute::Options options;
  for (const SourceSpec& source : catalog.sources) {
    options.strict_sources.push_back(source.http.strict_bus);
  }
  return options;
}

}  // namespace

FrontDoor::FrontDoor(const Catalog& catalog, Port& port, const BlockFiller::Shared& shared,
                     const IntakeContext& intake, const std::vector<SourceListener>& listeners,
                     IngestEvents& events, const HttpServer::Limits& limits, const Api& api)
    : buses_(bus_names(catalog)),
      since_(api.since),
      desk_(shared, intake),
      access_(tokens_of(catalog)),
      bulk_(desk_, access_, [this](std::string_view name) { return find_bus(name); }),
      operations_(desk_, access_, buses_),
      model_(std::make_shared<const ApiModel>(catalog, ApiObjects(), since_)),
      changes_(api.wake_control),
      aws_({.desk = desk_, .access = access_, .model = model_, .changes = changes_},
           aws_options(catalog), api.seed),
      routes_(local_sources(catalog)),
      server_(port, http_listeners(catalog, listeners), routes_, events, limits) {
  routes_.add(std::string(BulkRoute::kPrefix), bulk_);
  routes_.add("/health/live", operations_);
  routes_.add("/health/ready", operations_);
  routes_.add("/metrics", operations_);
  routes_.add("/", aws_);
}

void FrontDoor::show(const Catalog& configuration, const ApiObjects& objects,
                     std::size_t unknown_arns) {
  unknown_arns_.set(unknown_arns);
  model_.publish(std::make_shared<const ApiModel>(configuration, objects, since_));
}

BusId FrontDoor::find_bus(std::string_view name) const {
  const auto found = std::ranges::find(buses_, name);
  return found == buses_.end() ? BusId()
                               : BusId(static_cast<std::uint16_t>(found - buses_.begin()));
}

}  // namespace weir

#include "core/cell/cell.h"

#include <algorithm>
#include <bit>

#include "core/base/check.h"

namespace weir {
namespace {

constexpr std::size_t kLargeBlocks = 8;
constexpr std::size_t kLargeRequestBlocks = 4;
constexpr std::uint32_t kLargeHeadroom = 64;

bool is_logged(const Catalog& catalog) {
  return std::ranges::any_of(
      catalog.buses, [](const BusSpec& bus) { return bus.durability == Durability::fsync; });
}

bool has_http(const Catalog& catalog) {
  return std::ranges::any_of(
      catalog.sources, [](const SourceSpec& source) { return source.kind == SourceKind::http; });
}

// Bodies of 1 MB take eight each: some on their way while others are received. Where a log waits
// for the disk, as many more as it may hold.
std::size_t request_blocks_for(const Catalog& catalog) {
  if (!has_http(catalog)) return 0;
  return 24 + catalog.buses.size() + (is_logged(catalog) ? 96 : 0);
}

// One line and one reason per consumer; fewer would stall somebody, more would only grow cold.
std::size_t blocks_for(const Plan& plan, std::size_t fillers, const Catalog& catalog) {
  const bool logged = is_logged(catalog);
  return 8                           // with the kernel, for receives
         + 1 + catalog.buses.size()  // received or being copied, and gathering, in the Ingest
         + 2 * fillers               // the same in a file reader, which has one bus
         + 4 * plan.routers()        // sealed or being routed
         + 8 + 4 * plan.writers()    // in order, or being written
         + (logged ? 96 : 0)         // in a log, waiting for the disk: 12 MiB, some syncs' worth
      ;
}

std::uint64_t largest_event(const Catalog& catalog) {
  std::uint64_t largest = kMiB;
  for (const SourceSpec& source : catalog.sources) {
    largest = std::max(largest, source.event_bytes_limit);
  }
  return largest;
}

std::vector<SourceRendering> renderings(const Catalog& catalog) {
  std::vector<SourceRendering> result;
  for (const SourceSpec& source : catalog.sources) {
    SourceRendering rendering;
    if (source.envelope) {
      rendering.envelope = EnvelopeText{.source = source.envelope->source,
                                        .detail_type = source.envelope->detail_type,
                                        .resources = source.envelope->resources};
    }
    result.push_back(std::move(rendering));
  }
  return result;
}

IntakeContext intake_context(const Catalog& catalog, LayoutTable& layouts) {
  IntakeContext context;
  context.layouts = &layouts;
  for (const SourceSpec& source : catalog.sources) {
    IntakeContext::Source intake{.format = source.format,
                                 .bus = source.bus,
                                 .acks = source.acks,
                                 .event_bytes_limit = source.event_bytes_limit};
    if (!source.fields.empty()) {
      auto layout = FlowLogLayout::from_names(source.fields);
      WEIR_CHECK(layout.ok());  // the configuration was checked
      intake.layout = *layouts.intern(std::move(layout).value());
    }
    context.sources.push_back(intake);
  }
  return context;
}

}  // namespace

Cell::Cell(const Catalog& catalog, std::shared_ptr<const Routing> routing, const Plan& plan,
           std::size_t fillers, std::uint64_t run_seed, const CellHosts& hosts)
    : layouts_(),
      intake_(weir::intake_context(catalog, layouts_)),
      renderer_(catalog.account, catalog.region, renderings(catalog)),
      hosts_(hosts),
      run_seed_(run_seed),
      event_bytes_max_(largest_event(catalog)),
      blocks_(blocks_for(plan, fillers, catalog), kBlockHeadroom, kBlockCapacity, fillers + 8),
      large_blocks_(kLargeBlocks, kLargeHeadroom, static_cast<std::uint32_t>(event_bytes_max_ + 2),
                    fillers + 8),
      in_flight_max_(blocks_.size() + kLargeBlocks + request_blocks_for(catalog) +
                     kLargeRequestBlocks),
      sealed_(in_flight_max_, fillers + 3),
      routed_(in_flight_max_, plan.routers() + 1),
      routing_(std::move(routing)),
      acks_(catalog.sources.size()) {
  std::vector<Channel<Block*>*> outputs;
  for (std::size_t i = 0; i < plan.writers(); ++i) {
    written_.push_back(std::make_unique<Channel<Block*>>(in_flight_max_, 2));
    outputs.push_back(written_.back().get());
  }
  const Router::Shared shared{
      .sealed = sealed_, .routed = routed_, .routing = routing_, .renderer = renderer_};
  for (std::size_t i = 0; i < plan.routers(); ++i) {
    routers_.push_back(
        std::make_unique<Router>(shared, i, catalog.sources.size(), catalog.buses.size()));
  }
  distributor_ = std::make_unique<Distributor>(outputs);
  sequencer_ = std::make_unique<Sequencer>(routed_, std::bit_ceil(in_flight_max_), *distributor_,
                                           hosts_.refusals);
  sequencer_->acknowledge_to(acks_);
  distributor_->acknowledge_to(acks_);
  writers_.resize(plan.writers());
}

Cell::~Cell() = default;

Ingest& Cell::make_ingest(Port& port, std::vector<SourceListener> listeners,
                          const Ingest::Limits& limits) {
  WEIR_CHECK(ingest_ == nullptr);
  const std::vector<SourceListener> sources = listeners;
  ingest_ = std::make_unique<Ingest>(port, filler_shared(), intake_, std::move(listeners),
                                     hosts_.ingest, limits);
  for (const SourceListener& listener : sources) acks_.set(listener.source, *ingest_);
  if (durable_ != nullptr) ingest_->watch_gates(durable_->gates());
  return *ingest_;
}

FrontDoor& Cell::make_front_door(const Catalog& catalog, Port& port,
                                 const std::vector<SourceListener>& listeners,
                                 const HttpServer::Limits& limits, WallTime since,
                                 std::function<void()> wake_control) {
  WEIR_CHECK(front_door_ == nullptr);
  request_blocks_ = std::make_unique<BlockPool>(request_blocks_for(catalog), kBlockHeadroom,
                                                kBlockCapacity, std::size_t{2});
  large_request_blocks_ =
      std::make_unique<BlockPool>(kLargeRequestBlocks, kLargeHeadroom,
                                  static_cast<std::uint32_t>(event_bytes_max_ + 2), std::size_t{2});
  const BlockFiller::Shared filler{.blocks = *request_blocks_,
                                   .large_blocks = *large_request_blocks_,
                                   .sequence = sequence_,
                                   .sealed = sealed_,
                                   .id_seed = run_seed_};
  front_door_ = std::make_unique<FrontDoor>(
      catalog, port, filler, intake_, listeners, hosts_.ingest, limits,
      FrontDoor::Api{.since = since, .seed = run_seed_, .wake_control = std::move(wake_control)});
  for (const SourceListener& listener : listeners) {
    acks_.set(listener.source, front_door_->desk());
  }
  if (durable_ != nullptr) front_door_->desk().watch_gates(durable_->gates());
  return *front_door_;
}

DurableBuses& Cell::make_durable(const Catalog& catalog, RecoveredBuses recovered,
                                 const ProcessNames& names, BusLogHost& host,
                                 const LogFaults& faults) {
  WEIR_CHECK(durable_ == nullptr && ingest_ == nullptr);
  durable_ = std::make_unique<DurableBuses>(DurableBuses::Shared{.renderer = renderer_,
                                                                 .layouts = layouts_,
                                                                 .sequencer = *sequencer_,
                                                                 .distributor = *distributor_,
                                                                 .names = names,
                                                                 .host = host},
                                            catalog, std::move(recovered), run_seed_, faults);
  return *durable_;
}

Writer& Cell::make_writer(std::size_t index, Port& port, EventStore* store, DeliveryNames names,
                          const WriterFaults& faults) {
  WEIR_CHECK(writers_[index] == nullptr);
  const WriterOptions options{.seed = run_seed_ + index,
                              .event_bytes_limit = event_bytes_max_,
                              .store = store,
                              .names = std::move(names),
                              .faults = faults};
  writers_[index] =
      std::make_unique<Writer>(options, *written_[index], port, renderer_, hosts_.writers);
  return *writers_[index];
}

bool Cell::taken_by_writers() const {
  return sequence_.read() == distributor_->passed() &&
         std::all_of(written_.begin(), written_.end(),
                     [](const auto& channel) { return channel->size_approx() == 0; });
}

BlockFiller::Shared Cell::filler_shared() {
  return {.blocks = blocks_,
          .large_blocks = large_blocks_,
          .sequence = sequence_,
          .sealed = sealed_,
          .id_seed = run_seed_};
}

}  // namespace weir

// Cell: one whole pipeline, from received bytes to targets, without threads and without a kernel.
// It owns the pools, the hand-offs and the stages; tools/run gives it ports and threads, tests
// poll the stages in any order they like.
//
// Memory, all of it taken at start or bounded here:
//   receive blocks   blocks(plan, fillers, buses) x (headroom + capacity + padding) x at most ~7
//   more for
//                    the tables of a block that is nothing but the shortest events
//   large blocks     kLargeBlocks x the largest event, touched only when such events come
//   requests         (24 + buses) blocks and kLargeRequestBlocks large ones of their own,
//                    HttpServer::Limits::memory_bytes_max, and see http_server.h and event_desk.h
//   unfinished lines Ingest::Limits::long_carry_bytes_max, and 16 KiB for each connection
//   targets          each its own buffer_bytes
//   durable buses    see bus_log.h and log_reader.h
//
// Threads: built and destroyed on the control thread while no stage is polled. The counters may be
// read at any time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/block/block.h"
#include "core/catalog/catalog.h"
#include "core/cell/ack_switch.h"
#include "core/cell/durable_buses.h"
#include "core/cell/front_door.h"
#include "core/cell/plan.h"
#include "core/cell/routing_builder.h"
#include "core/deliver/writer.h"
#include "core/ingest/ingest.h"
#include "core/ingest/stream_intake.h"
#include "core/route/router.h"
#include "core/route/sequencer.h"
#include "core/wire/flow_log.h"
#include "core/wire/render.h"

namespace weir {

struct CellHosts {
  IngestEvents& ingest;
  RefusalSink& refusals;
  WriterHost& writers;
};

class Cell {
 public:
  // `fillers`: how many threads besides the Ingest will fill blocks (file readers).
  Cell(const Catalog& catalog, std::shared_ptr<const Routing> routing, const Plan& plan,
       std::size_t fillers, std::uint64_t run_seed, const CellHosts& hosts);
  ~Cell();
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  // Before the stages, if there are durable buses. `catalog` is used during the call only; the
  // other two outlive this.
  DurableBuses& make_durable(const Catalog& catalog, RecoveredBuses recovered,
                             const ProcessNames& names, BusLogHost& host,
                             const LogFaults& faults = {});
  DurableBuses* durable() { return durable_.get(); }
  const DurableBuses* durable() const { return durable_.get(); }

  // The stages, made once their ports exist; logs before the Ingest. `index` < plan.writers().
  Ingest& make_ingest(Port& port, std::vector<SourceListener> listeners,
                      const Ingest::Limits& limits);
  // For the sources of kind `http`; on the thread of the Ingest.
  FrontDoor& make_front_door(const Catalog& catalog, Port& port,
                             const std::vector<SourceListener>& listeners,
                             const HttpServer::Limits& limits, WallTime since,
                             std::function<void()> wake_control);
  // `store`: of this Writer alone; null without a data directory.
  Writer& make_writer(std::size_t index, Port& port, EventStore* store = nullptr,
                      DeliveryNames names = {}, const WriterFaults& faults = {});
  Router& router(std::size_t index) { return *routers_[index]; }
  const Router& router(std::size_t index) const { return *routers_[index]; }
  Sequencer& sequencer() { return *sequencer_; }
  Writer& writer(std::size_t index) { return *writers_[index]; }
  Ingest* ingest() { return ingest_.get(); }
  const Ingest* ingest() const { return ingest_.get(); }
  FrontDoor* front_door() { return front_door_.get(); }
  const FrontDoor* front_door() const { return front_door_.get(); }
  std::size_t routers() const { return routers_.size(); }
  std::size_t writers() const { return writers_.size(); }
  // Which Writer a target belongs to.
  std::size_t writer_of(TargetId id) const { return id.value % writers_.size(); }

  // Blocks that carry the events of requests; null where there are none.
  const BlockPool* request_blocks() const { return request_blocks_.get(); }
  // For fillers outside: file readers.
  BlockFiller::Shared filler_shared();
  const IntakeContext& intake_context() const { return intake_; }

  // Atomically, from the next block on.
  void publish(std::shared_ptr<const Routing> routing) { routing_.publish(std::move(routing)); }

  // Once nothing fills blocks any more: true when every sealed block was routed, put in order and
  // taken by every Writer.
  bool taken_by_writers() const;
  const BlockPool& blocks() const { return blocks_; }
  const BlockPool& large_blocks() const { return large_blocks_; }

 private:
  LayoutTable layouts_;
  IntakeContext intake_;
  EventRenderer renderer_;
  const CellHosts hosts_;
  const std::uint64_t run_seed_;
  const std::uint64_t event_bytes_max_;
  BlockPool blocks_;
  BlockPool large_blocks_;
  // Of the front door alone: a User keeps what came back to it, and would leave others without.
  std::unique_ptr<BlockPool> request_blocks_;
  std::unique_ptr<BlockPool> large_request_blocks_;
  const std::size_t in_flight_max_;  // blocks of all pools
  SharedCounter sequence_;
  Channel<Block*> sealed_;
  Channel<Block*> routed_;
  Snapshot<Routing> routing_;
  std::vector<std::unique_ptr<Channel<Block*>>> written_;  // by writer
  std::vector<std::unique_ptr<Router>> routers_;
  std::unique_ptr<Distributor> distributor_;
  std::unique_ptr<Sequencer> sequencer_;
  std::unique_ptr<DurableBuses> durable_;
  AckSwitch acks_;
  std::unique_ptr<Ingest> ingest_;
  std::unique_ptr<FrontDoor> front_door_;
  std::vector<std::unique_ptr<Writer>> writers_;
};

}  // namespace weir

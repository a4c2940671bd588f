// CatchUp: reads the logs of durable buses for the targets of one Writer that lag, and hands them
// the records that they have missed.
//
// Each bus has a few sources (readers) that can stand at one place each. A reader that runs through
// a place serves everybody who waits there, and who waits a little way ahead waits for it; so
// targets that lag together share one read. Where more places are wanted than there are readers,
// they take turns.
//
// Budget: so many records in a poll, few while live blocks wait for the Writer. So live targets
// stay live, and a lagging one gets what they leave.
//
// Memory: that of the sources; no block is held between polls. Threads: a stage, on the thread of
// its client. Lifetime: the client and the sources outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/steady_clock.h"
#include "core/log/block_source.h"
#include "core/log/catch_up_client.h"
#include "core/port/stage.h"
#include "core/sync/counter.h"

namespace weir {

struct CatchUpCounters {
  Counter records;  // handed over
  Counter missed;   // damaged or gone
  Counter seeks;    // places gone to
};

class CatchUp final : public Stage {
 public:
  struct Options {
    std::size_t records_per_poll = 8;      // while no live block waits
    std::size_t polls_per_record = 2;      // while some do
    std::uint64_t near_records = 64;       // wait for a reader that is so close behind
    std::uint64_t records_per_turn = 256;  // while somebody waits for a reader
  };
  // `clock`: tells how old the events of a record are.
  CatchUp(const Options& options, CatchUpClient& client, const SteadyClock& clock)
      : options_(options), client_(client), clock_(clock) {}

  // Another reader for this bus.
  void add_source(BusId bus, BlockSource& source) { readers_.push_back({bus, &source}); }

  std::size_t poll(const Now& now) override;
  MonotonicTime next_deadline() const override;

  const CatchUpCounters& counters() const { return counters_; }

 private:
  struct Reader {
    BusId bus;
    BlockSource* source = nullptr;
    bool active = false;
    std::uint64_t at = 0;    // the record that comes next
    std::uint64_t turn = 0;  // records since it went there
  };
  using Want = CatchUpClient::Want;

  bool serves(const Reader& reader, const Want& want) const {
    return reader.active && reader.bus == want.bus && reader.at <= want.next.sequence &&
           want.next.sequence - reader.at <= options_.near_records;
  }
  bool needed(const Reader& reader) const;
  void stop_unneeded();
  void assign();
  Reader* reader_for(BusId bus);
  std::size_t budget();
  bool advance(Reader& reader, const Now& now);

  const Options options_;
  CatchUpClient& client_;
  const SteadyClock clock_;
  CatchUpCounters counters_;
  std::vector<Reader> readers_;
  std::vector<Want> wants_;
  std::size_t first_want_ = 0;  // to be looked at: everybody's turn comes
  std::size_t next_reader_ = 0;
  std::size_t busy_polls_ = 0;
  bool put_off_ = false;  // there was something to do, but live blocks went first
};

}  // namespace weir

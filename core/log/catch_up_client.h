// CatchUpClient: whom a CatchUp reads the log for. A Writer, whose targets lag and have room.
//
// Threads: the one that polls both.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/ids.h"
#include "core/base/log_position.h"
#include "core/block/block.h"

namespace weir {

class CatchUpClient {
 public:
  // Somebody wants the events of this bus from here on.
  struct Want {
    BusId bus;
    LogPosition next;
  };

  virtual ~CatchUpClient() = default;
  // What is wanted now, of records that the client has passed live. In no order.
  virtual void wants(std::vector<Want>& out) const = 0;
  // A record of the log, for all that stand in it and have room. The block is the caller's again
  // afterwards; who found no room stands at an event in it.
  virtual void offer(const Block& block, const Now& now) = 0;
  // The records [from, to) are damaged or gone: nobody waits for them any more.
  virtual void missed(BusId bus, std::uint64_t from, std::uint64_t to) = 0;
  // Live blocks wait for the client's attention.
  virtual bool busy() const = 0;
};

}  // namespace weir

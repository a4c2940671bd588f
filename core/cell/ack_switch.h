// AckSwitch: an AckSink that hands what it hears to the sink of the source it is about: the Ingest
// for connections of lines, the front door for requests.
//
// Threads: those of AckSink, its own; set up before anything is polled.
#pragma once

#include <cstddef>
#include <vector>

#include "core/block/ack_sink.h"

namespace weir {

class AckSwitch final : public AckSink {
 public:
  explicit AckSwitch(std::size_t sources) : sinks_(sources, nullptr) {}
  void set(SourceId source, AckSink& sink) { sinks_[source.value] = &sink; }

  void refused(const Origin& origin, std::uint64_t line, RefuseReason reason,
               std::uint32_t error_offset) override {
    sinks_[origin.source.value]->refused(origin, line, reason, error_offset);
  }
  void done(const Origin& origin, std::uint32_t lines) override {
    sinks_[origin.source.value]->done(origin, lines);
  }

 private:
  std::vector<AckSink*> sinks_;  // by SourceId
};

}  // namespace weir

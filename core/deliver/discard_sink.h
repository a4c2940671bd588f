// DiscardSink: a target that only counts. The buffer settles its batches by itself as they close;
// the sink is there for what an earlier kind of the same target left behind.
#pragma once

#include "core/deliver/sink.h"

namespace weir {

class DiscardSink final : public Sink {
 public:
  using Sink::Sink;

  void complete(SinkToken token, std::int64_t result, const Now& now) override {
    static_cast<void>(token);
    static_cast<void>(result);
    static_cast<void>(now);
  }
  void progress(const Now& now) override {
    static_cast<void>(now);
    if (!handing_over_) buffer_.settle(buffer_.closed());
  }
  MonotonicTime deadline() const override { return MonotonicTime::never(); }
  void hand_over() override { handing_over_ = true; }
  bool done() const override { return handing_over_; }
  void abandon() override { set_state(TargetState::retired); }
  bool quiescent() const override { return true; }

 private:
  bool handing_over_ = false;
};

}  // namespace weir

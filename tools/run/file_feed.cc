#include "tools/run/file_feed.h"

#include <chrono>
#include <thread>

#include "io/ring/clock.h"

namespace weir {
namespace {

// How long to wait for a free block before looking again; the pipeline holds milliseconds of work.
constexpr auto kBlockWait = std::chrono::microseconds(200);

}  // namespace

class FileFeed::Sink final : public ByteSink {
 public:
  Sink(FileFeed& feed, const std::string& label) : feed_(feed) {
    intake_.open(feed.filler_, feed.context_, feed.source_, label);
  }
  ~Sink() override { intake_.drop(); }

  bool consume(std::span<const char> bytes) override {
    bool taken = intake_.append({bytes.data(), bytes.size()}, read_clock());
    while (!taken) {
      if (!wait()) return false;
      taken = intake_.resume(read_clock());
    }
    feed_.bytes_.add(bytes.size());
    wake_routers();
    if (intake_.foreign()) {
      feed_.messages_.file_problem(feed_.source_, intake_.label() + ": " + intake_.complaint());
      return false;
    }
    return !feed_.stopping_.up();
  }

  void idle() override { feed_.flush(); }

  void fail(const Error& error) override {
    feed_.messages_.file_problem(feed_.source_, error.message);
    damaged_ = true;
  }

  void end() override {
    while (!feed_.stopping_.up() && !intake_.end(damaged_, read_clock())) {
      if (!wait()) break;
    }
    intake_.drop();
    feed_.flush();
  }

 private:
  bool wait() {
    feed_.flush();
    std::this_thread::sleep_for(kBlockWait);
    return !feed_.stopping_.up();
  }
  void wake_routers() {
    for (Waker* waker : feed_.routers_) waker->wake();
  }

  FileFeed& feed_;
  StreamIntake intake_;
  bool damaged_ = false;
};

FileFeed::FileFeed(SourceId source, const BlockFiller::Shared& shared, const IntakeContext& context,
                   std::vector<Waker*> routers, Messages& messages)
    : source_(source),
      filler_(shared),
      context_(context),
      routers_(std::move(routers)),
      messages_(messages) {}

std::unique_ptr<ByteSink> FileFeed::open(const std::string& label) {
  return std::make_unique<Sink>(*this, label);
}

void FileFeed::flush() {
  filler_.flush(read_clock());
  for (Waker* waker : routers_) waker->wake();
}

}  // namespace weir

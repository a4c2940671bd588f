#include "tools/run/file_feed.h"

#include <algorithm>
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
  Sink(FileFeed& feed, std::string label) : feed_(feed), label_(std::move(label)) {
    intake_.open(feed.filler_, feed.context_, feed.source_, label_);
  }
  ~Sink() override { intake_.drop(); }

  bool consume(std::span<const char> bytes) override {
    while (!may_take()) {
      if (!wait()) return false;
    }
    feed_.pace_.took(bytes.size());
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

  void identify(const FileMark& file) override {
    if (file_.inode == 0) intake_.mark_with(file_);
    file_.inode = file.inode;
    file_.birth_ns = file.birth_ns;
    file_.head_hash = file.head_hash;
    file_.head_bytes = file.head_bytes;
  }
  void resume(const FileMark& mark) override { intake_.resume_at(mark); }
  std::uint64_t leave_out(std::uint64_t bytes_max) override {
    const std::uint64_t bytes = std::min(intake_.unwanted(), bytes_max);
    intake_.leave_out(bytes);
    return bytes;
  }
  void notice(const std::string& text) override {
    feed_.messages_.file_problem(feed_.source_, text);
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
    if (!feed_.stopping_.up() && !damaged_ && intake_.behind_mark()) {
      notice(label_ + " ends before the place where it was left");
    }
    intake_.drop();
    feed_.flush();
  }

 private:
  bool may_take() {
    if (feed_.gate_ == nullptr) return true;
    if (feed_.gate_->refusing()) return false;
    return feed_.gate_->state() != BusGate::State::slowed || feed_.pace_.may_take(monotonic_now());
  }
  bool wait() {
    feed_.flush();
    std::this_thread::sleep_for(kBlockWait);
    return !feed_.stopping_.up();
  }
  void wake_routers() {
    for (Waker* waker : feed_.routers_) waker->wake();
  }

  FileFeed& feed_;
  const std::string label_;
  FileMark file_;  // what it is, and how far it was taken; named by its blocks
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

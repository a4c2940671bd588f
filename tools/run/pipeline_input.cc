// The Pipeline's input: what listens, for lines and for requests.
#include <algorithm>

#include "io/ring/clock.h"
#include "io/run/signals.h"
#include "tools/run/pipeline.h"

namespace weir {
namespace {

// How many connections sources may have: the descriptors that are left when every target, file and
// thread has its own, so that a crowd of senders never keeps a target from being reached.
std::size_t connections_for(const Catalog& catalog, std::size_t threads) {
  constexpr std::size_t kConnectionsMax = 16384;
  constexpr std::size_t kOwn = 16;  // standard streams, signals, clocks, the resolver, the report
  const std::size_t limit = raise_descriptor_limit();
  const std::size_t reserved =
      kOwn + 4 * threads + 2 * catalog.sources.size() + 2 * catalog.targets.size();
  if (limit <= reserved) return 1;
  return std::min(kConnectionsMax, limit - reserved);
}

}  // namespace

// What receives: lines, requests or both.
void Pipeline::place_input(std::size_t thread, const Plan& plan) {
  std::vector<SourceListener> lines;
  std::vector<SourceListener> requests;
  for (std::size_t l = 0; l < listeners_.size(); ++l) {
    const SourceId id = listener_sources_[l];
    const bool http = catalog_.sources[id.value].kind == SourceKind::http;
    (http ? requests : lines).push_back({listeners_[l]->handle(), id});
  }
  ingest_loop_ = loops_[thread].get();
  const std::size_t kinds = (lines.empty() ? 0U : 1U) + (requests.empty() ? 0U : 1U);
  const std::size_t connections =
      std::max<std::size_t>(1, connections_for(catalog_, plan.threads.size()) / kinds);
  if (!lines.empty()) {
    Ingest& ingest =
        cell_->make_ingest(new_port(thread), std::move(lines), {.connections_max = connections});
    watch(thread, ingest, loops_with(plan, &ThreadPlan::router));
  }
  if (!requests.empty()) {
    FrontDoor& door = cell_->make_front_door(catalog_, new_port(thread), requests,
                                             {.connections_max = connections}, wall_now(),
                                             [this] { control_.wake(); });
    watch(thread, door.desk(), loops_with(plan, &ThreadPlan::router));
    watch(thread, door.server(), {});
  }
}

void Pipeline::stop_input() {
  if (cell_->ingest() != nullptr) cell_->ingest()->stop(read_clock());
  if (cell_->front_door() != nullptr) cell_->front_door()->stop(read_clock());
}

bool Pipeline::input_stopped() {
  return (cell_->ingest() == nullptr || cell_->ingest()->stopped()) &&
         (cell_->front_door() == nullptr || cell_->front_door()->stopped());
}

// The page that /metrics asks for is made here, where names are known.
void Pipeline::answer_metrics(const std::function<std::string(const Pipeline&)>& make_page) {
  FrontDoor* door = cell_->front_door();
  if (door == nullptr) return;
  const std::uint64_t asked = door->operations().asked();
  if (asked == metrics_asked_) return;
  metrics_asked_ = asked;
  door->operations().publish(asked, make_page(*this));
  ingest_loop_->waker().wake();
}

bool Pipeline::open_to_all() const {
  return std::ranges::any_of(catalog_.sources, [](const SourceSpec& source) {
    return source.kind == SourceKind::http && source.http.tokens.empty();
  });
}

std::uint64_t Pipeline::bytes_in() const {
  std::uint64_t bytes = ingest() != nullptr ? ingest()->counters().bytes.read() : 0;
  if (front_door() != nullptr) bytes += front_door()->server().counters().bytes_in.read();
  for (const FileSource& file : files_) bytes += file.feed->bytes();
  return bytes;
}

}  // namespace weir

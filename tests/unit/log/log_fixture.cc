#include "tests/unit/log/log_fixture.h"

#include "core/base/check.h"
#include "core/base/random.h"

namespace weir::log_test {

std::vector<std::string> events_of(std::uint64_t sequence, std::size_t bytes) {
  std::vector<std::string> events;
  Random random(sequence);
  std::size_t total = 0;
  while (total < bytes || events.size() < 2) {
    std::string event = "{\"n\":" + std::to_string(sequence) +
                        ",\"i\":" + std::to_string(events.size()) + ",\"x\":\"";
    event += std::string(1 + random.below(std::max<std::size_t>(1, bytes / 3)),
                         static_cast<char>('a' + random.below(26)));
    event += "\"}";
    total += event.size() + 1;
    events.push_back(std::move(event));
  }
  return events;
}

std::string text_of(const std::vector<std::string>& events) {
  std::string text;
  for (const std::string& event : events) text += event + "\n";
  return text;
}

BlockMaker::~BlockMaker() {
  for (const auto& [source, origin] : origins_) release(origin);
}

Block* BlockMaker::make(std::uint64_t number, std::size_t bytes) {
  Block* block = user_.take();
  if (block == nullptr) return nullptr;
  const std::vector<std::string> events = events_of(number, bytes);
  const std::string text = text_of(events);
  WEIR_CHECK(text.size() <= block->capacity());
  std::copy(text.begin(), text.end(), block->receive_area().begin());
  block->set_bounds(0, static_cast<std::uint32_t>(text.size()));
  block->id_seed = 77;
  block->id_sequence = number;
  block->hops = static_cast<std::uint8_t>(number % 3);
  block->received.wall = {Nanoseconds{static_cast<std::int64_t>(number) * 1000}};
  block->target_sets = {0, 0, 1, 3};
  block->target_list = {TargetId(2), TargetId(2), TargetId(5)};
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto length = static_cast<std::uint32_t>(events[i].size());
    block->events.push_back({at, length, static_cast<std::uint32_t>(i % 3)});
    at += length + 1;
  }
  const auto source = static_cast<std::uint16_t>(number % 2);
  Origin*& origin = origins_[source];
  if (origin == nullptr) {
    origin = new Origin{.source = SourceId(source), .label = "test", .refs = {}};
    origin->refs.reset(1);
  }
  origin->refs.acquire();
  block->spans.push_back({.origin = origin,
                          .begin = 0,
                          .end = at,
                          .lines = static_cast<std::uint32_t>(events.size())});
  if (source == 1) {
    block->file_marks.push_back(
        {.inode = 9, .birth_ns = 1, .span = 0, .offset = number * 100, .lines = number});
  }
  return block;
}

bool Output::has_said(std::string_view words) const {
  for (const std::string& text : said) {
    if (text.find(words) != std::string::npos) return true;
  }
  return false;
}

BusSpec small_bus(std::uint64_t segment_bytes) {
  BusSpec spec;
  spec.name = "b";
  spec.durability = Durability::fsync;
  spec.segment_bytes = segment_bytes;
  return spec;
}

BusLog::Options small_options(const BusSpec& spec) {
  BusLog::Options options;
  options.directory = kDirectory;
  options.bus = BusId(0);
  options.spec = spec;
  options.staging_buffers = 4;
  options.staging_bytes = 16 * 1024;
  return options;
}

RecoveryOptions recovery_options(std::uint64_t durable_known) {
  return {.directory = kDirectory,
          .bus = "b",
          .durable_known = durable_known,
          .repair = true,
          .decode = {}};
}

Life::Life(sim::World& in, BlockMaker& blocks, BusLog::Options options, std::uint64_t durable_known)
    : world(in), port(in), disk(in), blocks_(blocks) {
  auto found = recover_bus_log(disk, recovery_options(durable_known));
  EXPECT_TRUE(found.ok()) << found.error().message;
  recovered = *found;
  appended = recovered.next_sequence;
  output.next = appended;
  options.seed = world.random();
  log = std::make_unique<BusLog>(std::move(options), std::move(*found), port, names, output, output,
                                 world.now());
}

Life::~Life() {
  if (waiting_ != nullptr) {
    waiting_->refs.reset(1);
    waiting_->release();
  }
}

bool Life::append(std::size_t bytes) {
  if (waiting_ == nullptr) waiting_ = blocks_.make(appended, bytes);
  if (waiting_ == nullptr || !log->append(waiting_)) return false;
  waiting_ = nullptr;
  ++appended;
  return true;
}

std::size_t Life::poll() {
  return log->poll(world.now());
}

void Life::settle(Nanoseconds limit) {
  const MonotonicTime end = world.now().monotonic + limit;
  int quiet = 0;
  while (quiet < 3 && world.now().monotonic < end) {
    quiet = poll() == 0 && port.under_way() == 0 && log->idle() ? quiet + 1 : 0;
    world.advance(1ms);
  }
}

void expect_block(const RecordView& record) {
  const std::uint64_t sequence = record.header.sequence;
  ASSERT_EQ(record.header.id_sequence, sequence) << "a block under another's number";
  ASSERT_EQ(record.header.hops, sequence % 3);
  // The length is not known here, but the first event tells the rest.
  const std::size_t events = record.header.events;
  ASSERT_GE(events, 2U);
  std::size_t at = 0;
  for (std::size_t i = 0; i < events; ++i) {
    const auto entry = RecordView::at<EventEntry>(record.events, i);
    ASSERT_EQ(entry.offset, at);
    ASSERT_EQ(entry.set, i % 3);
    const std::string head =
        "{\"n\":" + std::to_string(sequence) + ",\"i\":" + std::to_string(i) + ",\"x\":\"";
    const std::string_view event = record.text.substr(entry.offset, entry.length);
    ASSERT_EQ(event.substr(0, head.size()), head);
    const std::string_view filling = event.substr(head.size());
    ASSERT_EQ(filling.find_first_not_of(filling[0]), filling.size() - 2);
    at += entry.length + 1;
  }
  ASSERT_EQ(at, record.text.size());
  ASSERT_EQ(record.target_names, (std::vector<std::string_view>{"target-2", "target-5"}));
  SourceImage source;
  ASSERT_TRUE(decode_source(record.source_images.at(0), source));
  ASSERT_EQ(source.name, "source-" + std::to_string(sequence % 2));
  ASSERT_EQ(source.enveloped, sequence % 2 == 1);
}

Found read_everything(sim::World& world, std::uint64_t durable_known, bool repair) {
  sim::SimDisk disk(world);
  RecoveryOptions options = recovery_options(durable_known);
  options.repair = repair;
  auto recovered = recover_bus_log(disk, options);
  EXPECT_TRUE(recovered.ok()) << recovered.error().message;
  Found found{.sequences = {}, .recovered = *recovered};
  const SegmentList& segments = found.recovered.segments;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::uint64_t end =
        i + 1 < segments.size() ? segments[i + 1].first_sequence : found.recovered.next_sequence;
    SegmentScan scan;
    const std::string path = join_path(kDirectory, segment_name(segments[i].first_sequence));
    EXPECT_TRUE(scan.open(disk, path).ok());
    for (;;) {
      const auto step = scan.next();
      EXPECT_TRUE(step.ok());
      if (*step == SegmentScan::Step::end) break;
      if (*step == SegmentScan::Step::hole) continue;
      if (scan.record().header.kind != RecordKind::block) continue;
      if (scan.record().header.sequence >= end) break;
      expect_block(scan.record());
      found.sequences.push_back(scan.record().header.sequence);
    }
  }
  return found;
}

}  // namespace weir::log_test

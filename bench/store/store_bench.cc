// What the store of retries and dead letters takes: entries of 500 bytes in transactions of 1,000,
// as a target's backlog comes in, is taken again and settled. Beside it, the same bytes written to
// a plain file and synced as often.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "io/store/event_file.h"

namespace weir {
namespace {

constexpr std::size_t kEntries = 1000;
constexpr std::size_t kEventBytes = 500;

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-bench-XXXXXX").string();
    WEIR_CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

EventBatch entries_of(EntryKind kind, bool keyed) {
  EventBatch batch;
  const std::string event(kEventBytes, 'x');
  for (std::size_t i = 0; i < kEntries; ++i) {
    const std::string id = "01234567-89ab-cdef-0123-" + std::to_string(100'000'000'000 + i);
    const std::string key = keyed ? std::to_string(i % 100) : "";
    StoredEvent entry;
    entry.kind = kind;
    entry.target = "hook";
    entry.bus = "default";
    entry.event = event;
    entry.event_id = id;
    entry.order_key = key;
    entry.error_code = "TIMEOUT";
    entry.error_message = "no answer in 10s";
    batch.add(entry);
  }
  return batch;
}

void put_batch(EventTable& table, const EventBatch& batch) {
  WEIR_CHECK(table.begin().ok());
  WEIR_CHECK(table.put(batch).ok());
  WEIR_CHECK(table.commit().ok());
}

void put(benchmark::State& state, EntryKind kind, bool keyed) {
  const Folder folder;
  auto opened = open_events(folder.path());
  WEIR_CHECK(opened.ok());
  const EventBatch batch = entries_of(kind, keyed);
  for (auto _ : state) put_batch(*opened->table, batch);
  const auto counts = opened->table->counts();
  WEIR_CHECK(counts.retries + counts.dead_letters ==
             static_cast<std::uint64_t>(state.iterations()) * kEntries);
  state.SetItemsProcessed(
      static_cast<std::int64_t>(static_cast<std::uint64_t>(state.iterations()) * kEntries));
}
BENCHMARK_CAPTURE(put, dead_letters, EntryKind::dead_letter, false);
BENCHMARK_CAPTURE(put, retries, EntryKind::retry, false);
BENCHMARK_CAPTURE(put, retries_of_100_keys, EntryKind::retry, true);

// A whole life: put, taken, settled.
void through(benchmark::State& state) {
  const Folder folder;
  auto opened = open_events(folder.path());
  WEIR_CHECK(opened.ok());
  EventTable& table = *opened->table;
  const EventBatch batch = entries_of(EntryKind::retry, false);
  std::vector<EntryId> ids;
  for (auto _ : state) {
    put_batch(table, batch);
    auto taken = table.take_due("hook", {}, kEntries, 100U << 20U);
    WEIR_CHECK(taken.ok() && taken->events->size() == kEntries);
    ids.clear();
    for (std::size_t i = 0; i < kEntries; ++i) ids.push_back(taken->events->at(i).id);
    WEIR_CHECK(table.begin().ok());
    WEIR_CHECK(*table.settle(ids) == kEntries);
    WEIR_CHECK(table.commit().ok());
  }
  WEIR_CHECK(table.counts().retries == 0);
  state.SetItemsProcessed(
      static_cast<std::int64_t>(static_cast<std::uint64_t>(state.iterations()) * kEntries));
}
BENCHMARK(through);

void plain_file(benchmark::State& state) {
  const Folder folder;
  const int fd = ::open((folder.path() + "/plain").c_str(), O_WRONLY | O_CREAT, 0600);
  WEIR_CHECK(fd >= 0);
  const std::string bytes(kEntries * kEventBytes, 'x');
  for (auto _ : state) {
    WEIR_CHECK(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    WEIR_CHECK(::fdatasync(fd) == 0);
  }
  ::close(fd);
  state.SetItemsProcessed(
      static_cast<std::int64_t>(static_cast<std::uint64_t>(state.iterations()) * kEntries));
}
BENCHMARK(plain_file);

}  // namespace
}  // namespace weir

BENCHMARK_MAIN();

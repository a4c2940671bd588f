#include "io/files/follower.h"

#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>

#include "io/files/glob.h"
#include "io/files/stream_reader.h"

namespace weir {
namespace {

constexpr std::uint64_t kLooksPerScan = 10;
constexpr Nanoseconds kAtRest = 10s;

}  // namespace

struct Follower::Followed {
  std::string path;   // by which it was found
  bool over = false;  // let go, damaged or unreadable; kept so that it is not read twice
  std::unique_ptr<Input> input;
  std::unique_ptr<ByteSink> sink;
  std::unique_ptr<FileProgress> progress;
  std::unique_ptr<Decoder> decoder;
  std::uint64_t offset = 0;  // bytes read
  MonotonicTime last_growth;
  bool idle_told = true;
};

Follower::Follower(FollowOptions options, ByteSinkFactory& sinks, const StopLine& stop)
    : options_(std::move(options)), sinks_(sinks), stop_(stop), buffer_(kReadBytes) {}

Follower::~Follower() = default;

std::uint64_t Follower::look(MonotonicTime now) {
  // A glob may match thousands of files, most of them long at rest: names, and files at rest, are
  // looked at less often.
  const bool thorough = !is_glob(options_.path) || looks_ % kLooksPerScan == 0;
  if (thorough) find_files(now);
  if (looks_++ == 0) find_renamed(now);
  std::uint64_t bytes = 0;
  for (auto& [id, file] : files_) {
    if (stop_.pulled()) break;
    if (file->over || (!thorough && now - file->last_growth > kAtRest)) continue;
    bytes += read_on(*file, now);
    if (!file->over && let_go(*file, now)) end(*file);
  }
  return bytes;
}

void Follower::find_files(MonotonicTime now) {
  const std::vector<std::string> paths =
      is_glob(options_.path) ? glob_matches(options_.path) : std::vector{options_.path};
  names_.clear();
  for (const std::string& path : paths) {
    const std::optional<FileLook> look = look_at_file(path);
    if (!look) continue;
    names_[path] = look->id;
    const auto known = files_.find(look->id);
    if (known == files_.end()) {
      open_file(path, look->id, now);
    } else if (known->second->over && look->size < known->second->offset) {
      files_.erase(known);  // truncated since we were done with it
      open_file(path, look->id, now);
    }
  }
  // Forget what we are done with once its name is gone: what it is may come back as a new file.
  std::set<FileId> present;
  for (const auto& [path, id] : names_) present.insert(id);
  std::erase_if(files_, [&present](const auto& entry) {
    return entry.second->over && !present.contains(entry.first);
  });
}

// Once, at the start: files that an earlier run had begun and that were renamed in between, as
// rotation does, have a rest to be read. They are read under the name they had.
void Follower::find_renamed(MonotonicTime now) {
  const std::filesystem::path folder = std::filesystem::path(options_.path).parent_path();
  if (options_.marks.empty() || is_glob(folder.string())) return;
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator(folder.empty() ? "." : folder, ignored)) {
    const std::optional<FileLook> look = look_at_file(entry.path().string());
    if (!look || files_.contains(look->id) || mark_of(options_.marks, look->id) == nullptr) {
      continue;
    }
    open_file(entry.path().string(), look->id, now);
    const auto opened = files_.find(look->id);
    if (opened != files_.end()) opened->second->path = options_.path;
  }
}

void Follower::open_file(const std::string& path, FileId id, MonotonicTime now) {
  auto file = std::make_unique<Followed>();
  file->path = path;
  file->last_growth = now;
  file->sink = sinks_.open(path);
  if (file->sink == nullptr) {
    file->over = true;
  } else {
    Result<Input> input = Input::open(path);
    if (!input) {
      fail(*file, input.error());
    } else {
      file->input = std::make_unique<Input>(std::move(input).value());
      id = file->input->id();  // it may have been replaced just now
      begin(*file, options_.marks);
    }
  }
  files_[id] = std::move(file);
}

void Follower::begin(Followed& file, std::span<const FileMark> marks) const {
  ByteSink& sink = *file.sink;
  file.decoder = std::make_unique<Decoder>(
      [&sink](std::span<const char> bytes) { return sink.consume(bytes); });
  file.progress = std::make_unique<FileProgress>(*file.input, sink, marks);
}

std::uint64_t Follower::read_on(Followed& file, MonotonicTime now) {
  if (file.input->size() < file.offset) start_over(file);
  std::uint64_t bytes = 0;
  while (!file.over) {
    const std::int64_t count = file.input->read(buffer_, stop_);
    if (count == -ECANCELED) break;
    if (count < 0) {
      fail(file, read_fault(file.input->label(), static_cast<int>(-count)));
      break;
    }
    if (count == 0) break;
    bytes += static_cast<std::uint64_t>(count);
    file.offset += static_cast<std::uint64_t>(count);
    file.last_growth = now;
    file.idle_told = false;
    const auto raw = std::span(buffer_).first(static_cast<std::size_t>(count));
    file.progress->read(raw);
    const auto outcome = file.decoder->feed(raw);
    file.offset += leave_out(*file.input, *file.decoder, *file.sink);
    if (outcome == DecodeOutcome::stopped) end(file);
    if (outcome == DecodeOutcome::damaged) {
      fail(file, damage_fault(file.input->label(), file.decoder->damage(),
                              file.decoder->damage_offset()));
    }
  }
  if (!file.over && !file.idle_told) {
    file.sink->idle();
    file.idle_told = true;
  }
  return bytes;
}

void Follower::start_over(Followed& file) {
  file.sink->end();
  file.sink = sinks_.open(file.path);
  file.offset = 0;
  file.over = file.sink == nullptr;
  if (file.over) return;
  file.input->rewind();
  begin(file, {});
}

bool Follower::let_go(const Followed& file, MonotonicTime now) const {
  if (now - file.last_growth < options_.old_grace) return false;
  const auto name = names_.find(file.path);
  if (name != names_.end()) return name->second != file.input->id();  // it went to another file
  return !look_at_file(file.path) && !file.input->linked();
}

void Follower::fail(Followed& file, Error error) {
  file.sink->fail(error);
  file.sink->end();
  errors_.push_back(std::move(error));
  file.over = true;
  file.input.reset();
}

void Follower::end(Followed& file) {
  const bool cut = file.decoder->finish() == DecodeOutcome::damaged;
  if (cut) {
    file.sink->fail(
        damage_fault(file.input->label(), file.decoder->damage(), file.decoder->damage_offset()));
  }
  file.sink->end();
  file.over = true;
  file.input.reset();
}

void Follower::finish() {
  for (auto& [id, file] : files_) {
    if (file->over) continue;
    if (file->input->size() == file->offset) {
      end(*file);
    } else {  // stopped on the way: what is missing is no damage
      file->sink->end();
      file->over = true;
    }
  }
}

}  // namespace weir

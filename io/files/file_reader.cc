#include "io/files/file_reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <thread>
#include <utility>

#include "core/base/check.h"
#include "io/files/follower.h"
#include "io/files/glob.h"
#include "io/files/input.h"
#include "io/files/stream_reader.h"

namespace weir {

class FileReader::Core {
 public:
  Core(FileReaderOptions options, ByteSinkFactory& sinks)
      : options_(std::move(options)), sinks_(sinks) {}
  ~Core() {
    stop_.pull();
    join();
  }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  Status check();
  void start() {
    WEIR_CHECK(!thread_.joinable());
    thread_ = std::thread([this] { run(); });
  }
  void stop() { stop_.pull(); }
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  bool finished() const { return finished_.up(); }
  const std::vector<Error>& errors() const { return errors_; }

 private:
  void run();
  void read_once(const std::string& path, std::vector<char>& buffer);
  void follow();

  FileReaderOptions options_;
  ByteSinkFactory& sinks_;
  std::vector<std::string> paths_;  // not with follow
  StopLine stop_;
  Flag finished_;
  std::vector<Error> errors_;  // the reader's until join()
  std::thread thread_;
};

Status FileReader::Core::check() {
  if (options_.follow && options_.path != Input::kStandardInput) {
    struct stat status {};
    const bool missing = ::stat(options_.path.c_str(), &status) != 0 && errno == ENOENT;
    if (missing) return Done{};  // it may come; a glob is never the name of a file
  }
  Result<std::vector<std::string>> paths = expand_glob(options_.path);
  if (!paths) return paths.error();
  paths_ = std::move(paths).value();
  for (const std::string& path : paths_) {
    const Result<Input> input = Input::open(path);
    if (!input) return input.error();
    if (!input->regular()) options_.follow = false;  // a pipe or a terminal ends by itself
  }
  return Done{};
}

void FileReader::Core::run() {
  if (options_.follow) {
    follow();
  } else {
    std::vector<char> buffer(kReadBytes);
    for (const std::string& path : paths_) {
      if (stop_.pulled()) break;
      read_once(path, buffer);
    }
  }
  finished_.raise();
}

void FileReader::Core::read_once(const std::string& path, std::vector<char>& buffer) {
  Result<Input> input = Input::open(path);
  const std::unique_ptr<ByteSink> sink = sinks_.open(input.ok() ? input->label() : path);
  if (sink == nullptr) return;
  std::optional<Error> error;
  if (input) {
    error = read_stream(*input, *sink, stop_, buffer, options_.marks);
  } else {
    error = input.error();
    sink->fail(*error);
    sink->end();
  }
  if (error.has_value()) errors_.push_back(std::move(*error));
}

void FileReader::Core::follow() {
  Follower follower({options_.path, options_.old_grace, options_.marks}, sinks_, stop_);
  const auto milliseconds = static_cast<int>(options_.look_every / 1ms);
  MonotonicTime now{};
  while (!stop_.pulled()) {
    follower.look(now);
    stop_.wait_ms(std::max(milliseconds, 1));
    // Its own clock, in steps of looking: only the quiet time of rotated files is measured by it.
    now = now + options_.look_every;
  }
  follower.finish();
  errors_ = follower.take_errors();
}

FileReader::FileReader(std::unique_ptr<Core> core) : core_(std::move(core)) {}
FileReader::~FileReader() = default;

Result<std::unique_ptr<FileReader>> FileReader::open(FileReaderOptions options,
                                                     ByteSinkFactory& sinks) {
  auto core = std::make_unique<Core>(std::move(options), sinks);
  const Status good = core->check();
  if (!good) return good.error();
  return std::unique_ptr<FileReader>(new FileReader(std::move(core)));
}

void FileReader::start() {
  core_->start();
}
void FileReader::stop() {
  core_->stop();
}
void FileReader::join() {
  core_->join();
}
bool FileReader::finished() const {
  return core_->finished();
}
const std::vector<Error>& FileReader::errors() const {
  return core_->errors();
}

}  // namespace weir

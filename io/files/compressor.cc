#include "io/files/compressor.h"

#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "io/descriptor/descriptor.h"

namespace weir {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{256} * 1024;
constexpr int kZstdLevel = 3;
constexpr int kNice = 10;  // compressing must not take processor time from the stream

bool write_all(int file, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

// Fills as much of the buffer as there is; -1 on an error, with errno.
ssize_t read_chunk(int file, std::span<std::uint8_t> into) {
  for (;;) {
    const ssize_t count = ::read(file, into.data(), into.size());
    if (count >= 0 || errno != EINTR) return count;
  }
}

// Both copy `from` to `to`, compressed; false on an error, with errno.
bool gzip_copy(int from, int to) {
  std::vector<std::uint8_t> in(kChunkBytes);
  std::vector<std::uint8_t> out(kChunkBytes);
  std::vector<std::uint8_t> level_buffer(ISAL_DEF_LVL2_DEFAULT);
  const auto stream = std::make_unique<isal_zstream>();
  isal_deflate_init(stream.get());
  stream->gzip_flag = IGZIP_GZIP;
  stream->level = 2;
  stream->level_buf = level_buffer.data();
  stream->level_buf_size = static_cast<std::uint32_t>(level_buffer.size());
  while (stream->internal_state.state != ZSTATE_END) {
    if (stream->avail_in == 0 && stream->end_of_stream == 0) {
      const ssize_t count = read_chunk(from, in);
      if (count < 0) return false;
      stream->next_in = in.data();
      stream->avail_in = static_cast<std::uint32_t>(count);
      stream->end_of_stream = count == 0 ? 1 : 0;
    }
    stream->next_out = out.data();
    stream->avail_out = static_cast<std::uint32_t>(out.size());
    if (isal_deflate(stream.get()) != COMP_OK) {
      errno = EINVAL;
      return false;
    }
    if (!write_all(to, std::span(out).first(out.size() - stream->avail_out))) return false;
  }
  return true;
}

bool zstd_copy(int from, int to) {
  std::vector<std::uint8_t> in(kChunkBytes);
  std::vector<std::uint8_t> out(kChunkBytes);
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                     &ZSTD_freeCCtx);
  if (context == nullptr) {
    errno = ENOMEM;
    return false;
  }
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kZstdLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  bool last = false;
  while (!last) {
    const ssize_t count = read_chunk(from, in);
    if (count < 0) return false;
    last = count == 0;
    ZSTD_inBuffer input{in.data(), static_cast<std::size_t>(count), 0};
    for (bool done = false; !done;) {
      ZSTD_outBuffer output{out.data(), out.size(), 0};
      const std::size_t left =
          ZSTD_compressStream2(context.get(), &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left) != 0) {
        errno = EINVAL;
        return false;
      }
      if (!write_all(to, std::span(out).first(output.pos))) return false;
      done = last ? left == 0 : input.pos == input.size;
    }
  }
  return true;
}

Error fault(const std::string& path, const std::string& what) {
  return {"cannot compress " + path + ": " + what + " " + std::generic_category().message(errno) +
          ". The file stays as it is"};
}

bool sync_directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : (slash == 0 ? "/" : path.substr(0, slash));
  const Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.get() >= 0 && ::fsync(opened.get()) == 0;
}

}  // namespace

Result<std::string> compress_file(const std::string& path, Compression compression) {
  if (compression == Compression::none) return path;
  const std::string result = path + (compression == Compression::gzip ? ".gz" : ".zst");
  const std::string temporary = result + ".part";
  const Descriptor from(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (from.get() < 0) return fault(path, "opening it:");
  struct stat status {};
  if (fstat(from.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return Error{"cannot compress " + path + ": it is not a regular file"};
  }
  Descriptor to(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                       status.st_mode & 07777));
  if (to.get() < 0) return fault(path, "creating " + temporary + ":");
  const bool copied = compression == Compression::gzip ? gzip_copy(from.get(), to.get())
                                                       : zstd_copy(from.get(), to.get());
  const std::array times{status.st_atim, status.st_mtim};
  futimens(to.get(), times.data());
  if (!copied || ::fsync(to.get()) != 0 || !to.close() ||
      ::rename(temporary.c_str(), result.c_str()) != 0) {
    const Error error = fault(path, "writing " + temporary + ":");
    ::unlink(temporary.c_str());
    return error;
  }
  // The new name must last before the old one goes.
  if (!sync_directory_of(path)) return fault(path, "syncing its directory:");
  if (::unlink(path.c_str()) != 0) return fault(path, "removing the original:");
  return result;
}

class Compressor::Core {
 public:
  explicit Core(DoneCallback done) : done_(std::move(done)) {
    thread_ = std::thread([this] { run(); });
  }
  ~Core() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  void add(std::string path, Compression compression) {
    {
      const std::lock_guard lock(mutex_);
      queue_.emplace_back(std::move(path), compression);
    }
    changed_.notify_one();
  }
  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return queue_.size();
  }

 private:
  void run() {
    pthread_setname_np(pthread_self(), "weir-compress");
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ending_ || !queue_.empty(); });
      if (queue_.empty()) return;
      const auto [path, compression] = queue_.front();
      lock.unlock();
      done_(path, compress_file(path, compression));
      lock.lock();
      queue_.pop_front();  // only now: waiting() counts the one under way
    }
  }

  DoneCallback done_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<std::string, Compression>> queue_;
  bool ending_ = false;
  std::thread thread_;
};

Compressor::Compressor(DoneCallback done) : core_(std::make_unique<Core>(std::move(done))) {}
Compressor::~Compressor() = default;
void Compressor::add(std::string path, Compression compression) {
  core_->add(std::move(path), compression);
}
std::size_t Compressor::waiting() const {
  return core_->waiting();
}

}  // namespace weir

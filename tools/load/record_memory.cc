#include "tools/load/record_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "tools/common/newlines.h"
#include "tools/common/sockets.h"

namespace weir {

RecordMemory::RecordMemory(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {
  void* memory =
      mmap(nullptr, capacity_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  WEIR_CHECK(memory != MAP_FAILED);
  // Fewer page-table walks while the kernel copies out of it; only a wish.
  madvise(memory, capacity_, MADV_HUGEPAGE);
  memory_ = static_cast<char*>(memory);
}

RecordMemory::RecordMemory(RecordMemory&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)),
      size_(other.size_),
      capacity_(other.capacity_),
      lines_(other.lines_) {}

RecordMemory::~RecordMemory() {
  if (memory_ != nullptr) munmap(memory_, capacity_);
}

void RecordMemory::append(std::string_view text) {
  WEIR_CHECK(text.size() <= capacity_ - size_);
  std::memcpy(memory_ + size_, text.data(), text.size());
  size_ += text.size();
}

void RecordMemory::finish() {
  // Repeated, an unended last line would run into the first.
  if (size_ > 0 && memory_[size_ - 1] != '\n') append("\n");
  lines_ = count_newlines({memory_, size_});
}

Result<RecordMemory> RecordMemory::from_file(const std::string& path) {
  const auto failed = [&](const char* what) {
    return Error{fmt::format("cannot {} '{}': {}", what, path, std::strerror(errno))};
  };
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.open()) return failed("open");
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return failed("read");
  if (!S_ISREG(status.st_mode)) return Error{fmt::format("'{}' is not a regular file", path)};
  const auto size = static_cast<std::size_t>(status.st_size);
  RecordMemory memory(size + 1);
  while (memory.size_ < size) {
    const ssize_t got = read(fd.get(), memory.memory_ + memory.size_, size - memory.size_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read");
    if (got == 0) break;
    memory.size_ += static_cast<std::size_t>(got);
  }
  memory.finish();
  if (memory.lines_ == 0) return Error{fmt::format("'{}' is empty", path)};
  return memory;
}

RecordMemory RecordMemory::from_generator(const std::function<void(std::string&)>& fill,
                                          std::size_t bytes, std::uint64_t records_max) {
  std::string text;
  for (std::uint64_t i = 0; i < records_max && text.size() < bytes; ++i) fill(text);
  RecordMemory memory(text.size() + 1);
  memory.append(text);
  memory.finish();
  return memory;
}

std::vector<Slice> RecordMemory::split(std::size_t parts) const {
  if (lines_ < parts) return std::vector<Slice>(parts, all());
  std::vector<Slice> slices;
  std::string_view rest = all().text;
  for (std::size_t part = 0; part < parts; ++part) {
    const std::uint64_t lines = lines_ / parts + (part < lines_ % parts ? 1 : 0);
    std::uint64_t found = 0;
    const std::size_t end = parts == 1 ? rest.size() : offset_after_lines(rest, lines, found);
    slices.push_back({rest.substr(0, end), lines});
    rest.remove_prefix(end);
  }
  return slices;
}

}  // namespace weir

#include "io/config/source_text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/units.h"

namespace weir {
namespace {

constexpr std::size_t kChunkBytes = 4096;

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

Fault whole_file(const std::string& path, std::string message) {
  return {.file = path, .message = std::move(message)};
}

// Bytes of the sequence that `lead` opens, or 0 where none does; `low` and `high` bound its second
// byte (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t sequence_bytes(unsigned char lead, unsigned char& low, unsigned char& high) {
  low = 0x80;
  high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
    return 4;
  }
  return 0;
}

}  // namespace

std::string to_string(const Fault& fault) {
  if (fault.line == 0) return fmt::format("{}: {}", fault.file, fault.message);
  return fmt::format("{}:{}:{}: {}", fault.file, fault.line, fault.column, fault.message);
}

SourceText::SourceText(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)) {
  line_starts_.push_back(0);
  for (std::size_t i = text_.find('\n'); i != std::string::npos; i = text_.find('\n', i + 1)) {
    line_starts_.push_back(i + 1);
  }
  characters_.push_back(0);
  for (std::size_t at = 0; at + kChunkBytes <= text_.size(); at += kChunkBytes) {
    characters_.push_back(characters_.back() +
                          count_characters(std::string_view(text_).substr(at, kChunkBytes)));
  }
}

std::size_t SourceText::characters_before(std::size_t offset) const {
  const std::size_t chunk = offset / kChunkBytes;
  const std::size_t begin = chunk * kChunkBytes;
  return characters_[chunk] +
         count_characters(std::string_view(text_).substr(begin, offset - begin));
}

Fault SourceText::fault(std::size_t offset, std::string message) const {
  offset = std::min(offset, text_.size());
  const auto line = std::prev(std::ranges::upper_bound(line_starts_, offset));
  const std::size_t column = characters_before(offset) - characters_before(*line) + 1;
  return {.file = name_,
          .line = static_cast<std::uint32_t>(line - line_starts_.begin() + 1),
          .column = static_cast<std::uint32_t>(column),
          .message = std::move(message)};
}

std::size_t find_not_text(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      if (lead == 0) return i;
      ++i;
      continue;
    }
    unsigned char low = 0;
    unsigned char high = 0;
    const std::size_t length = sequence_bytes(lead, low, high);
    if (length == 0 || length > text.size() - i) return i;
    for (std::size_t k = 1; k < length; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + k]);
      if (byte < (k == 1 ? low : 0x80) || byte > (k == 1 ? high : 0xbf)) return i;
    }
    i += length;
  }
  return std::string_view::npos;
}

Result<SourceText, Fault> read_source_text(const std::string& path, std::size_t bytes_max) {
  const OpenFile file(path);
  struct stat status {};
  if (file.fd() < 0 || ::fstat(file.fd(), &status) != 0) {
    return whole_file(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) {
    return whole_file(path,
                      fmt::format("is {}, a regular file is needed", kind_of(status.st_mode)));
  }
  const auto too_large = [&] {
    return whole_file(
        path, fmt::format("is larger than {}, the most that is read", format_size(bytes_max)));
  };
  if (static_cast<std::uint64_t>(status.st_size) > bytes_max) return too_large();
  std::string text(static_cast<std::size_t>(status.st_size) + 1, '\0');
  std::size_t filled = 0;
  while (true) {
    const ssize_t got = ::read(file.fd(), text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return whole_file(path, fmt::format("cannot be read: {}", std::strerror(errno)));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled > bytes_max) return too_large();
    if (filled == text.size()) text.resize(std::min(bytes_max + 1, 2 * text.size()));
  }
  text.resize(filled);
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    return whole_file(path, "is UTF-16 text, save it as UTF-8");
  }
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  SourceText source(path, std::move(text));
  const std::size_t bad = find_not_text(source.text());
  if (bad != std::string_view::npos) {
    const bool is_nul = source.text()[bad] == '\0';
    return source.fault(bad, is_nul ? "a NUL byte, the file must be UTF-8 text"
                                    : "a byte that is not UTF-8, save the file as UTF-8");
  }
  return source;
}

}  // namespace weir

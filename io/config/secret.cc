#include "io/config/secret.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "io/descriptor/descriptor.h"

namespace weir {
namespace {

constexpr std::size_t kSecretBytesMax = 64 * kKiB;
constexpr std::array<std::string_view, 1> kFileKeys = {"file"};
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Opened without waiting and looked at before a byte is read.
Result<int> open_secret(const std::string& path, struct stat& status) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return Error{fmt::format("cannot be read: {}", std::strerror(errno))};
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) return fd;
  ::close(fd);
  return Error{"is no regular file"};
}

void warn_if_open(const YamlNode& at, const std::string& what, const struct stat& status,
                  Reading& reading) {
  if ((status.st_mode & (S_IROTH | S_IWOTH)) == 0) return;
  reading.warn(at, fmt::format("{}: everybody on this machine can read the file: chmod o= '{}'",
                               what, shown(at.text)));
}

Result<std::string> read_all(int fd) {
  std::string text(kSecretBytesMax + 1, '\0');
  std::size_t length = 0;
  while (length < text.size()) {
    const ssize_t got = ::read(fd, text.data() + length, text.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{fmt::format("cannot be read: {}", std::strerror(errno))};
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  if (length > kSecretBytesMax) {
    return Error{fmt::format("is larger than {}", format_size(kSecretBytesMax))};
  }
  text.resize(length);
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

std::optional<std::string> read_secret_file(const YamlNode& node, const std::string& what,
                                            CatalogDraft& draft) {
  const Section section(draft.reading, node, node, what, kFileKeys);
  if (node.children.empty()) section.fault(node, "needs 'file', such as {file: token}");
  const std::optional<std::string> path = section.text("file");
  if (!path) return std::nullopt;
  return read_secret_lines(*section.value("file"), *path, what, draft);
}

}  // namespace

std::optional<std::string> read_secret_lines(const YamlNode& at, const std::string& path,
                                             const std::string& what, CatalogDraft& draft) {
  struct stat status {};
  const Result<int> opened = open_secret(in_folder(draft.folder, path), status);
  if (!opened) {
    draft.reading.fault(
        at, fmt::format("{}: the file '{}' {}", what, shown(at.text), opened.error().message));
    return std::nullopt;
  }
  const Descriptor file(*opened);
  warn_if_open(at, what, status, draft.reading);
  Result<std::string> text = read_all(file.get());
  if (!text) {
    draft.reading.fault(
        at, fmt::format("{}: the file '{}' {}", what, shown(at.text), text.error().message));
    return std::nullopt;
  }
  return std::move(*text);
}

void look_at_secret_file(const YamlNode& at, const std::string& path, const std::string& what,
                         Reading& reading) {
  struct stat status {};
  const Result<int> opened = open_secret(path, status);
  if (!opened) {
    return reading.fault(
        at, fmt::format("{}: the file '{}' {}", what, shown(at.text), opened.error().message));
  }
  const Descriptor file(*opened);
  warn_if_open(at, what, status, reading);
}

std::optional<Secret> read_secret(const YamlNode& node, const std::string& what,
                                  CatalogDraft& draft) {
  std::optional<std::string> text;
  if (node.kind == YamlNode::Kind::mapping) {
    text = read_secret_file(node, what, draft);
  } else if (auto scalar = read_scalar(draft.reading, node, what)) {
    text = std::move(scalar->text);
  }
  if (!text) return std::nullopt;
  if (text->empty()) {
    draft.reading.fault(node, fmt::format("{} is empty", what));
    return std::nullopt;
  }
  const auto is_control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  };
  if (std::ranges::any_of(*text, is_control)) {
    draft.reading.fault(node, fmt::format("{} contains a line break or control character", what));
    return std::nullopt;
  }
  return Secret(std::move(*text));
}

std::string base64(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8U | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? kDigits[group >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

Result<std::string> from_base64(std::string_view text) {
  const Error bad{"is no base64"};
  if (text.size() % 4 != 0) return bad;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const bool pad = i + k >= text.size() - padding;
      const std::size_t digit = pad ? 0 : kDigits.find(text[i + k]);
      if (digit == std::string_view::npos) return bad;
      group = group << 6U | static_cast<std::uint32_t>(digit);
    }
    for (std::size_t k = 0; k < 3; ++k) bytes += static_cast<char>(group >> (16 - 8 * k) & 255U);
  }
  bytes.resize(bytes.size() - padding);
  if (base64(bytes) != text) return bad;  // bits behind the end
  return bytes;
}

}  // namespace weir

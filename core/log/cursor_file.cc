#include "core/log/cursor_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/log/checksum.h"

namespace weir {
namespace {

constexpr std::string_view kMagic = "weircurs";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kChecked = 32;  // of the header, by the checksum behind it
constexpr std::size_t kHeader = 40;
constexpr std::uint64_t kBytesMax = 64 * kMiB;  // more than any number of targets takes

template <typename T>
void put(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}
void put_name(std::string& out, std::string_view name) {
  put(out, static_cast<std::uint16_t>(name.size()));
  out.append(name);
}

// Takes values off the front; `good` is false once there was too little.
class Reader {
 public:
  explicit Reader(std::span<const char> bytes) : bytes_(bytes) {}
  template <typename T>
  T take() {
    T value{};
    if (!has(sizeof(T))) return value;
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_ = bytes_.subspan(sizeof(T));
    return value;
  }
  std::string take_name() {
    const auto length = take<std::uint16_t>();
    if (!has(length)) return {};
    std::string name(bytes_.data(), length);
    bytes_ = bytes_.subspan(length);
    return name;
  }
  bool good() const { return good_; }
  bool at_end() const { return bytes_.empty(); }

 private:
  bool has(std::size_t count) {
    good_ = good_ && bytes_.size() >= count;
    return good_;
  }
  std::span<const char> bytes_;
  bool good_ = true;
};

std::uint64_t checksum_of(std::span<const char> head, std::span<const char> body) {
  Checksum checksum;
  checksum.add(head.first(kChecked));
  checksum.add(body);
  return checksum.value();
}

std::optional<CursorState> decode_body(std::span<const char> body, std::uint64_t generation) {
  CursorState state{.generation = generation, .buses = {}, .cursors = {}};
  Reader reader(body);
  for (auto count = reader.take<std::uint32_t>(); count > 0 && reader.good(); --count) {
    StoredBus bus;
    bus.bus = reader.take_name();
    bus.durable = reader.take<std::uint64_t>();
    state.buses.push_back(std::move(bus));
  }
  for (auto count = reader.take<std::uint32_t>(); count > 0 && reader.good(); --count) {
    StoredCursor cursor;
    cursor.bus = reader.take_name();
    cursor.target = reader.take_name();
    cursor.next.sequence = reader.take<std::uint64_t>();
    cursor.next.event = reader.take<std::uint32_t>();
    state.cursors.push_back(std::move(cursor));
  }
  if (!reader.good() || !reader.at_end()) return std::nullopt;
  return state;
}

// The version that the bytes say they have; only of bytes that begin as a slot does.
std::optional<std::uint32_t> version_of(std::span<const char> bytes) {
  if (bytes.size() < kHeader || std::string_view(bytes.data(), kMagic.size()) != kMagic) {
    return std::nullopt;
  }
  std::uint32_t version = 0;
  std::memcpy(&version, bytes.data() + 8, sizeof(version));
  return version;
}

}  // namespace

const StoredCursor* CursorState::find(std::string_view bus, std::string_view target) const {
  const auto found = std::ranges::find_if(
      cursors, [&](const StoredCursor& c) { return c.bus == bus && c.target == target; });
  return found == cursors.end() ? nullptr : &*found;
}

std::uint64_t CursorState::durable(std::string_view bus) const {
  const auto found = std::ranges::find(buses, bus, &StoredBus::bus);
  return found == buses.end() ? 0 : found->durable;
}

std::string cursor_slot_path(const std::string& data_dir, std::size_t slot) {
  return data_dir + "/cursors." + std::to_string(slot);
}

void encode_cursors(const CursorState& state, std::string& out) {
  out.assign(kHeader, '\0');
  put(out, static_cast<std::uint32_t>(state.buses.size()));
  for (const StoredBus& bus : state.buses) {
    put_name(out, bus.bus);
    put(out, bus.durable);
  }
  put(out, static_cast<std::uint32_t>(state.cursors.size()));
  for (const StoredCursor& cursor : state.cursors) {
    put_name(out, cursor.bus);
    put_name(out, cursor.target);
    put(out, cursor.next.sequence);
    put(out, cursor.next.event);
  }
  std::string head;
  head.append(kMagic);
  put(head, kVersion);
  put(head, std::uint32_t{0});
  put(head, state.generation);
  put(head, static_cast<std::uint64_t>(out.size() - kHeader));
  put(head, checksum_of(head, std::span(out).subspan(kHeader)));
  std::ranges::copy(head, out.begin());
}

std::optional<CursorState> decode_cursors(std::span<const char> bytes) {
  if (version_of(bytes) != kVersion) return std::nullopt;
  std::uint64_t numbers[3];  // generation, bytes of the body, checksum
  std::memcpy(numbers, bytes.data() + 16, sizeof(numbers));
  if (numbers[1] > bytes.size() - kHeader) return std::nullopt;
  const auto body = bytes.subspan(kHeader, numbers[1]);
  if (checksum_of(bytes, body) != numbers[2]) return std::nullopt;
  return decode_body(body, numbers[0]);
}

Result<ReadCursors, Error> read_cursors(Disk& disk, const std::string& data_dir) {
  ReadCursors result;
  for (std::size_t slot = 0; slot < 2; ++slot) {
    const std::string path = cursor_slot_path(data_dir, slot);
    auto file = disk.open(path, Disk::Access::read);
    if (!file) {
      if (file.error().code == ENOENT) continue;
      return Error{file.error().message};
    }
    std::string bytes(std::min((*file)->size(), kBytesMax), '\0');
    auto count = (*file)->read(bytes, 0);
    if (!count) return Error{count.error().message};
    bytes.resize(*count);
    // A slot that was made and never written: empty, or zeros where a crash kept only the length.
    if (bytes.find_first_not_of('\0') == std::string::npos) continue;
    const auto version = version_of(bytes);
    if (auto state = decode_cursors(bytes)) {
      if (state->generation < result.state.generation) continue;
      result.state = *std::move(state);
      result.slot = slot;
    } else if (version && *version > kVersion && *version < 1000) {
      return Error{path + " has format " + std::to_string(*version) + ", this program knows " +
                   std::to_string(kVersion) + "; a newer weir has written it"};
    } else {
      result.damaged.push_back(path + " is not whole");
    }
  }
  return result;
}

DiskStatus make_cursor_slots(Disk& disk, const std::string& data_dir) {
  for (std::size_t slot = 0; slot < 2; ++slot) {
    auto file = disk.open(cursor_slot_path(data_dir, slot), Disk::Access::create);
    if (!file) return file.error();
  }
  return disk.sync_directory(data_dir);
}

}  // namespace weir

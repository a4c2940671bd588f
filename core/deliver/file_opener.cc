#include "core/deliver/file_opener.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace weir {
namespace {

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Token FileOpener::token(SinkOp step) {
  busy_ = true;
  identity_.op = step;
  return pack(identity_);
}

void FileOpener::start(Wish wish, SinkToken identity) {
  WEIR_CHECK(!busy_);
  wish_ = std::move(wish);
  identity_ = identity;
  abandoned_ = false;
  handle_ = helper_ = Handle{};
  torn_ = 0;
  tail_seen_ = false;
  file_opened_ = false;
  if (wish_.durable && wish_.names_first) {
    sync_directory();
    return;
  }
  port_.open(wish_.path, OpenMode{}, token(SinkOp::open));
}

FileOpener::State FileOpener::complete(SinkOp step, std::int64_t result) {
  busy_ = false;
  const auto opened_handle = Handle{static_cast<std::int32_t>(result)};
  if (abandoned_) {
    const bool opens =
        step == SinkOp::open || step == SinkOp::open_to_read || step == SinkOp::open_directory;
    if (opens && result >= 0) port_.close(opened_handle);
    return State::failed;
  }
  switch (step) {
    case SinkOp::open:
      if (result < 0) return fail("cannot open " + wish_.path, result);
      handle_ = opened_handle;
      file_opened_ = true;
      return opened();
    case SinkOp::truncate:
      if (result < 0) return fail("cannot shorten " + wish_.path, result);
      bytes_ = port_.file_size(handle_);
      return look_at_tail();
    case SinkOp::sync_content:
      // -EINVAL: a device or a pipe, which knows no sync.
      if (result < 0 && result != -EINVAL) return fail("cannot sync " + wish_.path, result);
      return sync_directory();
    case SinkOp::open_to_read:
      // A symbolic link is followed for writing only; then the tail stays as it is.
      if (result == -ELOOP) return sync_content();
      if (result == -EINVAL && direct_) {
        direct_ = false;
        open_to_read();
        return State::under_way;
      }
      if (result < 0) return fail("cannot read " + wish_.path, result);
      helper_ = opened_handle;
      piece_ = AlignedMemory(kPieceBytes);
      return read_piece();
    case SinkOp::read:
      if (result < 0) return fail("cannot read " + wish_.path, result);
      return look_at_piece(static_cast<std::uint64_t>(result));
    case SinkOp::open_directory:
      if (result < 0) return fail("cannot open the directory of " + wish_.path, result);
      helper_ = opened_handle;
      port_.sync_directory(helper_, token(SinkOp::sync_directory));
      return State::under_way;
    case SinkOp::sync_directory:
      // -EINVAL: a file system without it.
      if (result < 0 && result != -EINVAL) {
        return fail("cannot sync the directory of " + wish_.path, result);
      }
      close_helper();
      return directory_synced();
    default:
      break;
  }
  return State::failed;
}

FileOpener::State FileOpener::opened() {
  bytes_ = port_.file_size(handle_);
  if (!wish_.durable) return State::done;
  if (bytes_ > wish_.trusted_bytes && bytes_ <= wish_.ours_bytes) return cut(wish_.trusted_bytes);
  return look_at_tail();
}

FileOpener::State FileOpener::cut(std::uint64_t bytes) {
  port_.truncate(handle_, bytes, token(SinkOp::truncate));
  return State::under_way;
}

FileOpener::State FileOpener::look_at_tail() {
  if (tail_seen_ || bytes_ == 0 || wish_.tail_bytes_max == 0) return sync_content();
  tail_seen_ = true;
  read_to_ = (bytes_ - std::min(bytes_, wish_.tail_bytes_max)) / kDirectBytes * kDirectBytes;
  sound_to_ = read_to_;
  line_end_seen_ = read_to_ == 0;
  direct_ = true;
  open_to_read();
  return State::under_way;
}

void FileOpener::open_to_read() {
  port_.open(wish_.path, {.kind = OpenMode::Kind::read_only, .direct = direct_},
             token(SinkOp::open_to_read));
}

FileOpener::State FileOpener::read_piece() {
  port_.read(helper_, piece_.span(), read_to_, token(SinkOp::read));
  return State::under_way;
}

FileOpener::State FileOpener::look_at_piece(std::uint64_t bytes) {
  bytes = std::min(bytes, bytes_ - read_to_);
  if (read_to_ + bytes < bytes_) bytes = bytes / kDirectBytes * kDirectBytes;
  if (bytes == 0) return fail(wish_.path + " shrinks under our hands", -EIO);
  const void* zero = std::memchr(piece_.data(), '\0', bytes);
  const std::uint64_t text =
      zero == nullptr ? bytes
                      : static_cast<std::uint64_t>(static_cast<const char*>(zero) - piece_.data());
  if (const void* end = memrchr(piece_.data(), '\n', text)) {
    const auto at = static_cast<std::uint64_t>(static_cast<const char*>(end) - piece_.data());
    sound_to_ = read_to_ + at + 1;
    line_end_seen_ = true;
  }
  read_to_ += bytes;
  if (zero == nullptr && read_to_ < bytes_) return read_piece();
  close_helper();
  // Without any line end in such a tail it is not a file of ours.
  if (sound_to_ == bytes_ || !line_end_seen_) return sync_content();
  torn_ = bytes_ - sound_to_;
  return cut(sound_to_);
}

// Also where nothing was cut off now: an earlier cut may not have come as far as here.
FileOpener::State FileOpener::sync_content() {
  port_.sync(handle_, token(SinkOp::sync_content));
  return State::under_way;
}

FileOpener::State FileOpener::directory_synced() {
  if (file_opened_) return State::done;
  port_.open(wish_.path, OpenMode{}, token(SinkOp::open));
  return State::under_way;
}

FileOpener::State FileOpener::sync_directory() {
  port_.open(directory_of(wish_.path), {.kind = OpenMode::Kind::directory},
             token(SinkOp::open_directory));
  return State::under_way;
}

FileOpener::State FileOpener::fail(const std::string& what, std::int64_t result) {
  failure_ = what + ": " + error_text(result);
  abandon();
  return State::failed;
}

void FileOpener::abandon() {
  abandoned_ = true;
  close_helper();
  if (handle_.valid()) port_.close(handle_);
  handle_ = Handle{};
}

// A read under way still uses the piece.
void FileOpener::close_helper() {
  if (helper_.valid()) port_.close(helper_);
  helper_ = Handle{};
  if (!busy_) piece_ = AlignedMemory();
}

}  // namespace weir

#include "io/files/file_progress.h"

#include <isa-l/crc64.h>

#include <algorithm>

#include "io/files/decoder.h"

namespace weir {
namespace {

std::uint64_t hash_of(std::string_view head) {
  return crc64_ecma_refl(0, reinterpret_cast<const unsigned char*>(head.data()), head.size());
}

}  // namespace

// The last one counts: an inode may have had several files.
const FileMark* mark_of(std::span<const FileMark> marks, const FileId& id) {
  const auto found = std::find_if(marks.rbegin(), marks.rend(), [&id](const FileMark& mark) {
    return mark.inode == id.inode && mark.birth_ns == id.birth_ns;
  });
  return found == marks.rend() ? nullptr : &*found;
}

FileProgress::FileProgress(const Input& input, ByteSink& sink, std::span<const FileMark> marks)
    : sink_(sink), regular_(input.regular()) {
  if (!regular_) return;
  mark_.inode = input.id().inode;
  mark_.birth_ns = input.id().birth_ns;
  const FileMark* mark = mark_of(marks, input.id());
  sink_.identify(mark_);
  if (mark != nullptr) resume(input, *mark);
}

void FileProgress::resume(const Input& input, const FileMark& mark) {
  std::string head(kHeadBytes, '\0');
  head.resize(input.read_at(head, 0));
  const std::string_view known = std::string_view(head).substr(0, mark.head_bytes);
  const bool shorter = Decoder::is_plain(head) && input.size() < mark.offset;
  if (known.size() < mark.head_bytes || shorter) {
    sink_.notice(input.label() + " is shorter than what was read of it: it is read from its start");
  } else if (hash_of(known) != mark.head_hash) {
    sink_.notice(input.label() + " was written anew since it was read: it is read from its start");
  } else {
    sink_.resume(mark);
  }
}

void FileProgress::read(std::span<const char> raw) {
  if (!regular_ || head_.size() == kHeadBytes) return;
  head_.append(raw.data(), std::min(raw.size(), kHeadBytes - head_.size()));
  mark_.head_bytes = static_cast<std::uint32_t>(head_.size());
  mark_.head_hash = hash_of(head_);
  sink_.identify(mark_);
}

}  // namespace weir

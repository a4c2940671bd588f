// Input: an open file, pipe or terminal to read from, on a thread that may be told to stop.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "core/base/result.h"
#include "core/sync/counter.h"

namespace weir {

// Ends waits of a reading thread. Raised from any thread, for good.
class StopLine {
 public:
  StopLine();
  ~StopLine();
  StopLine(const StopLine&) = delete;
  StopLine& operator=(const StopLine&) = delete;

  void pull();
  bool pulled() const { return flag_.up(); }
  int descriptor() const { return event_; }  // readable once pulled
  // Waits; true when pulled.
  bool wait_ms(int milliseconds) const;

 private:
  Flag flag_;
  int event_;
};

// What a file is, whatever its name: two files that exist at different times may share an inode,
// but not the moment of birth (0 where the file system does not record it).
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t birth_ns = 0;
  auto operator<=>(const FileId&) const = default;
};

struct FileLook {
  FileId id;
  std::uint64_t size = 0;
};
// Nothing when there is no regular file of that name.
std::optional<FileLook> look_at_file(const std::string& path);

class Input {
 public:
  static constexpr const char* kStandardInput = "-";

  // The error names the file and what would be right.
  static Result<Input> open(const std::string& path);
  Input(Input&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)),
        owned_(other.owned_),
        regular_(other.regular_),
        id_(other.id_),
        label_(std::move(other.label_)) {}
  Input& operator=(Input&&) = delete;
  ~Input();

  // Bytes, 0 at the end (of a regular file: for now), negative errno; -ECANCELED when stopped.
  std::int64_t read(std::span<char> into, const StopLine& stop) const;
  // False when a read would have to wait.
  bool ready() const;
  std::uint64_t size() const;
  bool linked() const;  // false once the file has no name any more
  void rewind() const;
  // Of a regular file: the next read begins so much further on.
  void pass_over(std::uint64_t bytes) const;
  std::uint64_t position() const;
  // Bytes from `offset` on, whatever was read; how many there were.
  std::size_t read_at(std::span<char> into, std::uint64_t offset) const;

  bool regular() const { return regular_; }
  const FileId& id() const { return id_; }
  const std::string& label() const { return label_; }

 private:
  Input(int descriptor, bool owned, std::string label)
      : descriptor_(descriptor), owned_(owned), label_(std::move(label)) {}
  int descriptor_;
  bool owned_;
  bool regular_ = false;
  FileId id_;
  std::string label_;
};

// "cannot read PATH: what is wrong, what would be right".
Error read_fault(const std::string& label, const std::string& what);
Error read_fault(const std::string& label, int error);

}  // namespace weir

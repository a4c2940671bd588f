// MarkTable: the last mark of each file that was read into a bus, found by source and file.
//
// Memory: kMarksMax marks; the one that has not moved for longest gives way to a new one. Its file,
// should it still be there at the next start, is read again from its beginning.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/block/block.h"

namespace weir {

// How far one file of a source has been taken.
struct LoggedMark {
  std::string source;
  FileMark mark;
};

class MarkTable {
 public:
  static constexpr std::size_t kMarksMax = 16384;

  void set(std::string_view source, const FileMark& mark);
  // In the order in which they last moved.
  std::vector<LoggedMark> list() const;
  std::uint64_t evicted() const { return evicted_; }

 private:
  struct Key {
    std::string source;
    std::uint64_t inode;
    std::int64_t birth_ns;
  };
  struct KeyView {
    std::string_view source;
    std::uint64_t inode;
    std::int64_t birth_ns;
  };
  struct Less {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      if (a.inode != b.inode) return a.inode < b.inode;
      if (a.birth_ns != b.birth_ns) return a.birth_ns < b.birth_ns;
      return std::string_view(a.source) < std::string_view(b.source);
    }
  };
  struct Value {
    FileMark mark;
    std::uint64_t moved = 0;
  };
  std::map<Key, Value, Less> marks_;
  std::uint64_t moves_ = 0;
  std::uint64_t evicted_ = 0;
};

}  // namespace weir

#include "core/log/mark_table.h"

#include <algorithm>

namespace weir {

void MarkTable::set(std::string_view source, const FileMark& mark) {
  const auto found = marks_.find(KeyView{source, mark.inode, mark.birth_ns});
  if (found != marks_.end()) {
    found->second = {mark, ++moves_};
    return;
  }
  if (marks_.size() == kMarksMax) {
    marks_.erase(
        std::ranges::min_element(marks_, {}, [](const auto& entry) { return entry.second.moved; }));
    ++evicted_;
  }
  marks_.emplace(Key{std::string(source), mark.inode, mark.birth_ns}, Value{mark, ++moves_});
}

std::vector<LoggedMark> MarkTable::list() const {
  std::vector<std::pair<std::uint64_t, LoggedMark>> moved;
  for (const auto& [key, value] : marks_) moved.push_back({value.moved, {key.source, value.mark}});
  std::ranges::sort(moved, {}, [](const auto& entry) { return entry.first; });
  std::vector<LoggedMark> marks;
  for (auto& [when, mark] : moved) marks.push_back(std::move(mark));
  return marks;
}

}  // namespace weir

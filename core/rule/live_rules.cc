#include "core/rule/live_rules.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/check.h"
#include "core/rule/compile.h"

namespace weir {

using engine::kNone;
using engine::RulePart;
using engine::RuleSource;
using engine::SharedSource;
using engine::Tables;

namespace {

using Numbers = std::vector<std::uint32_t>;

constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

SharedSource source_of(const RuleText& rule) {
  RuleSource source;
  source.text.reserve(rule.name.size() + rule.pattern.size());
  source.text.append(rule.name).append(rule.pattern);
  source.name_length = rule.name.size();
  return std::make_shared<const RuleSource>(std::move(source));
}

RuleText text_of(const SharedSource& source) {
  return {source->name(), source->pattern()};
}

}  // namespace

// What is new or has another pattern, and what goes.
struct LiveRules::Difference {
  struct Put {
    RuleText text;
    std::size_t position = 0;  // in the caller's list
    RuleIndex slot = kNone;    // kNone: a new rule
  };
  std::vector<Put> put;
  std::vector<RuleIndex> removed;  // each once
};

void RuleMerge::run(const RunPieces& run) {
  std::vector<RuleText> texts;
  texts.reserve(sources_.size());
  for (const SharedSource& source : sources_) texts.push_back(text_of(source));
  auto tables = engine::compile_tables(texts, limits_, run);
  WEIR_CHECK(tables.ok());  // each was compiled before
  tables_ = std::move(tables).value();
}

LiveRules::LiveRules(const CompileLimits& limits) : limits_(limits) {
  auto empty = engine::compile_tables({}, limits_, {});
  take_base(std::move(empty).value(), {});
  join(nullptr);
}

std::optional<RuleIndex> LiveRules::find(std::string_view name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

bool LiveRules::is_there(RuleIndex slot, const RuleText& rule) const {
  const SharedSource& source = sources_[slot];
  return source != nullptr && source->name() == rule.name && source->pattern() == rule.pattern;
}

Result<std::shared_ptr<const RuleSet>, PatternError> LiveRules::change(
    std::span<const RuleText> put, std::span<const std::string_view> removed,
    const RunPieces& run) {
  Difference difference;
  std::unordered_map<std::string_view, std::size_t> last;  // of puts under one name
  for (std::size_t i = 0; i < put.size(); ++i) last[put[i].name] = i;
  for (const std::string_view name : removed) {
    const auto slot = find(name);
    if (slot && !last.contains(name)) difference.removed.push_back(*slot);
  }
  std::ranges::sort(difference.removed);
  difference.removed.erase(std::unique(difference.removed.begin(), difference.removed.end()),
                           difference.removed.end());
  for (std::size_t i = 0; i < put.size(); ++i) {
    if (last[put[i].name] != i) continue;
    const RuleIndex slot = find(put[i].name).value_or(kNone);
    if (slot != kNone && is_there(slot, put[i])) continue;
    difference.put.push_back({put[i], i, slot});
  }
  return apply(difference, run);
}

Result<std::shared_ptr<const RuleSet>, PatternError> LiveRules::assign(
    std::span<const RuleText> rules, const RunPieces& run) {
  Difference difference;
  std::vector<bool> stays(sources_.size(), false);
  std::vector<RuleIndex> order(rules.size(), kNone);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    RuleIndex slot = i < order_.size() ? order_[i] : kNone;
    if (slot == kNone || !is_there(slot, rules[i])) {
      slot = find(rules[i].name).value_or(kNone);
      if (slot == kNone || !is_there(slot, rules[i])) difference.put.push_back({rules[i], i, slot});
    }
    order[i] = slot;
    if (slot != kNone) stays[slot] = true;
  }
  for (RuleIndex slot = 0; slot < sources_.size(); ++slot) {
    if (sources_[slot] != nullptr && !stays[slot]) difference.removed.push_back(slot);
  }
  auto set = apply(difference, run);
  if (!set) return set;
  for (const Difference::Put& put : difference.put) order[put.position] = *find(put.text.name);
  order_ = std::move(order);
  return set;
}

// Compiles what is new before anything is changed, so that an error leaves all as it was.
Result<std::shared_ptr<const RuleSet>, PatternError> LiveRules::apply(const Difference& difference,
                                                                      const RunPieces& run) {
  if (difference.put.empty() && difference.removed.empty()) return set_;
  std::vector<bool> goes(sources_.size(), false);
  for (const RuleIndex slot : difference.removed) goes[slot] = true;
  for (const Difference::Put& put : difference.put) {
    if (put.slot != kNone) goes[put.slot] = true;
  }
  // Where most is new a whole set is made at once.
  const bool all = (difference.put.size() + changed_.size()) * 2 >= index_.size();
  std::vector<RuleIndex> kept;  // those compiled again beside the new
  if (all) {
    for (RuleIndex slot = 0; slot < sources_.size(); ++slot) {
      if (sources_[slot] != nullptr && !goes[slot]) kept.push_back(slot);
    }
  } else {
    std::ranges::copy_if(changed_, std::back_inserter(kept),
                         [&goes](RuleIndex slot) { return !goes[slot]; });
  }
  std::vector<RuleText> texts;
  for (const RuleIndex slot : kept) texts.push_back(text_of(sources_[slot]));
  for (const Difference::Put& put : difference.put) texts.push_back(put.text);
  auto tables = engine::compile_tables(texts, limits_, run);
  if (!tables) {
    PatternError error = tables.error();
    WEIR_CHECK(error.rule >= kept.size());
    error.rule = difference.put[error.rule - kept.size()].position;
    return error;
  }
  if (!all && !difference.put.empty()) {
    if (auto costly = costly_beside_base(**tables)) {
      costly->rule = difference.put.back().position;
      return *std::move(costly);
    }
  }
  for (const RuleIndex slot : difference.removed) {
    strike(slot);
    index_.erase(sources_[slot]->name());
    sources_[slot] = nullptr;
    free_.push_back(slot);
  }
  for (const Difference::Put& put : difference.put) {
    RuleIndex slot = put.slot;
    if (slot == kNone) {
      slot = take_slot();
    } else {
      strike(slot);
      index_.erase(put.text.name);
    }
    sources_[slot] = source_of(put.text);
    index_.emplace(sources_[slot]->name(), slot);
    kept.push_back(slot);
  }
  if (all) {
    take_base(std::move(tables).value(), std::move(kept));
    join(nullptr);
  } else {
    changed_ = std::move(kept);
    join(std::move(tables).value());
  }
  return set_;
}

// The limits hold for base and `changed` together.
std::optional<PatternError> LiveRules::costly_beside_base(const Tables& changed) const {
  const std::size_t limit = limits_.wildcard_pieces_per_field_max;
  const std::vector<std::string> names = changed.tree.path_names();
  for (std::uint32_t path = 0; path < changed.path_count(); ++path) {
    const std::size_t pieces = changed.matchers[path].later_pieces();
    if (pieces == 0) continue;
    const std::uint32_t known = base_->tree.find_path(names[path]);
    if (known == kNone || base_->matchers[known].later_pieces() + pieces <= limit) continue;
    return engine::too_many_pieces(0, names[path], limit);
  }
  return std::nullopt;
}

RuleIndex LiveRules::take_slot() {
  if (free_.empty()) {
    sources_.push_back(nullptr);
    base_position_.push_back(kNone);
    return static_cast<RuleIndex>(sources_.size() - 1);
  }
  const RuleIndex slot = free_.back();
  free_.pop_back();
  return slot;
}

// The base's rule of this number counts no more.
void LiveRules::strike(RuleIndex slot) {
  std::uint32_t& position = base_position_[slot];
  if (position == kNone) return;
  base_rules_[position] = kNone;
  position = kNone;
  ++struck_;
}

void LiveRules::take_base(std::shared_ptr<const Tables> tables, std::vector<RuleIndex> rules) {
  base_ = std::move(tables);
  base_paths_.clear();
  base_rules_ = std::move(rules);
  base_position_.assign(sources_.size(), kNone);
  struck_ = 0;
  for (std::uint32_t position = 0; position < base_rules_.size(); ++position) {
    if (base_rules_[position] == kNone) {
      ++struck_;
    } else {
      base_position_[base_rules_[position]] = position;
    }
  }
  changed_.clear();
}

// Makes the set of the base, what is struck from it, and `changed`, if there is any.
void LiveRules::join(std::shared_ptr<const Tables> changed) {
  std::shared_ptr<const engine::PathTree> tree(base_, &base_->tree);
  std::vector<RulePart> parts = {{base_, nullptr, nullptr}};
  bool same = true;
  for (std::uint32_t i = 0; i < base_rules_.size() && same; ++i) same = base_rules_[i] == i;
  if (!same) parts[0].rules = std::make_shared<const Numbers>(base_rules_);
  if (changed != nullptr && !changed_.empty()) {
    // Fields that the base does not read get the numbers behind its own.
    const std::vector<std::string> names = changed->tree.path_names();
    auto paths = std::make_shared<Numbers>(base_->path_count(), kNone);
    std::vector<std::string> fresh;
    for (std::uint32_t path = 0; path < names.size(); ++path) {
      const std::uint32_t known = base_->tree.find_path(names[path]);
      if (known != kNone) {
        (*paths)[known] = path;
      } else {
        paths->push_back(path);
        fresh.push_back(names[path]);
      }
    }
    if (!fresh.empty()) {
      if (base_paths_.empty()) base_paths_ = base_->tree.path_names();
      std::vector<std::string> all = base_paths_;
      std::ranges::move(fresh, std::back_inserter(all));
      auto both = std::make_shared<engine::PathTree>();
      both->build(all, base_->hash_key);
      tree = std::move(both);
    }
    parts.push_back(
        {std::move(changed), std::move(paths), std::make_shared<const Numbers>(changed_)});
  }
  set_ = std::make_shared<const RuleSet>(std::move(parts), std::move(tree), sources_.size());
}

bool LiveRules::merge_due() const {
  // Half of a change's time is then spent on changed rules, half on the lists of all.
  constexpr std::size_t kAlways = 64;
  return changed_.size() + struck_ > kAlways + base_rules_.size() / 128;
}

std::unique_ptr<RuleMerge> LiveRules::begin_merge() const {
  auto merge = std::make_unique<RuleMerge>();
  merge->limits_ = limits_;
  merge->limits_.wildcard_pieces_per_field_max = kUnlimited;  // held when they were put
  for (RuleIndex slot = 0; slot < sources_.size(); ++slot) {
    if (sources_[slot] == nullptr) continue;
    merge->slots_.push_back(slot);
    merge->sources_.push_back(sources_[slot]);
  }
  return merge;
}

std::shared_ptr<const RuleSet> LiveRules::finish_merge(const RuleMerge& merge) {
  WEIR_CHECK(merge.tables_ != nullptr);
  std::vector<RuleIndex> rules = merge.slots_;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (sources_[rules[i]] != merge.sources_[i]) rules[i] = kNone;  // has gone or changed since
  }
  take_base(merge.tables_, std::move(rules));
  // What came meanwhile is the second part now.
  for (RuleIndex slot = 0; slot < sources_.size(); ++slot) {
    if (sources_[slot] != nullptr && base_position_[slot] == kNone) changed_.push_back(slot);
  }
  join(changed_.empty() ? nullptr : compile_changed());
  return set_;
}

std::shared_ptr<const Tables> LiveRules::compile_changed() {
  std::vector<RuleText> texts;
  for (const RuleIndex slot : changed_) texts.push_back(text_of(sources_[slot]));
  CompileLimits limits = limits_;
  limits.wildcard_pieces_per_field_max = kUnlimited;
  auto tables = engine::compile_tables(texts, limits, {});
  WEIR_CHECK(tables.ok());  // compiled before
  return std::move(tables).value();
}

}  // namespace weir

// compile_rules(): reads each pattern, gives equal parts one number, chooses the anchors and lays
// the tables out. One pass over the rules, then one per table.
#include <algorithm>
#include <bit>
#include <cstring>

#include "core/rule/pattern.h"
#include "core/rule/rule_set.h"
#include "core/rule/tables.h"

namespace weir {
namespace {

using engine::Branch;
using engine::Condition;
using engine::kNone;
using engine::Lists;
using engine::Tables;

// Numbers for equal keys, in the order in which they first come.
class Numbering {
 public:
  explicit Numbering(std::uint64_t hash_key) : hash_key_(hash_key), slots_(16, {0, kNone}) {}
  // The number, and whether it is new.
  std::pair<std::uint32_t, bool> add(std::string_view key) {
    if ((count() + 1) * 2 > slots_.size()) grow();
    const std::uint64_t hash = hash_text(key, hash_key_);
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].number != kNone) {
      if (slots_[at].hash == hash && this->key(slots_[at].number) == key) {
        return {slots_[at].number, false};
      }
      at = (at + 1) & (slots_.size() - 1);
    }
    const auto number = static_cast<std::uint32_t>(count());
    slots_[at] = {hash, number};
    bytes_ += key;
    ends_.push_back(bytes_.size());
    return {number, true};
  }
  std::size_t count() const { return ends_.size() - 1; }
  std::string_view key(std::uint32_t number) const {
    return std::string_view(bytes_).substr(ends_[number], ends_[number + 1] - ends_[number]);
  }

 private:
  struct Slot {
    std::uint64_t hash;
    std::uint32_t number;
  };
  void grow() {
    std::vector<Slot> old(slots_.size() * 2, {0, kNone});
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number == kNone) continue;
      std::size_t at = slot.hash & (slots_.size() - 1);
      while (slots_[at].number != kNone) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }
  std::uint64_t hash_key_;
  std::vector<Slot> slots_;
  std::string bytes_;
  std::vector<std::size_t> ends_ = {0};
};

template <typename T>
void append_bytes(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// (key, value) pairs to Lists; the order of the values of a key is kept.
Lists lists_of(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& pairs,
               std::size_t keys) {
  Lists out;
  out.begin.assign(keys + 1, 0);
  for (const auto& [key, value] : pairs) ++out.begin[key + 1];
  for (std::size_t k = 0; k < keys; ++k) out.begin[k + 1] += out.begin[k];
  std::vector<std::uint32_t> next(out.begin.begin(), out.begin.end() - 1);
  out.items.resize(pairs.size());
  for (const auto& [key, value] : pairs) out.items[next[key]++] = value;
  return out;
}

std::uint64_t fresh_hash_key() {
  // Where the kernel put this program and its stack differs from run to run (ASLR), and nothing an
  // event holds tells it. compile_rules() callers with a better source pass their own key.
  int here = 0;
  const auto stack = reinterpret_cast<std::uintptr_t>(&here);
  const auto code = reinterpret_cast<std::uintptr_t>(&fresh_hash_key);
  return mix(stack ^ 0x9e3779b97f4a7c15U, code ^ 0xbf58476d1ce4e5b9U) | 1U;
}

class Builder {
 public:
  explicit Builder(const CompileLimits& limits)
      : limits_(limits),
        tables_(std::make_unique<Tables>()),
        hash_key_(limits.hash_key != 0 ? limits.hash_key : fresh_hash_key()),
        path_numbers_(hash_key_),
        test_numbers_(hash_key_),
        exclusion_numbers_(hash_key_),
        condition_numbers_(hash_key_) {}

  std::optional<PatternError> add(std::size_t rule, std::string_view pattern);
  std::shared_ptr<const RuleSet> finish();

 private:
  std::uint32_t add_test(std::uint32_t path, ValueTest& test);
  std::uint32_t add_exclusion(std::uint32_t path, std::vector<ValueTest>& tests);
  std::uint32_t add_condition(std::uint32_t path, FieldCondition& condition);
  double likelihood(const Condition& condition) const;
  void choose_anchors();
  void link_anchors();
  void build_matchers();
  void group_paths();

  const CompileLimits& limits_;
  std::unique_ptr<Tables> tables_;
  std::uint64_t hash_key_;
  Numbering path_numbers_, test_numbers_, exclusion_numbers_, condition_numbers_;
  Pattern pattern_;
  std::vector<ValueTest> tests_;
  std::vector<std::uint32_t> test_paths_;
  std::vector<std::uint32_t> test_uses_;
  std::vector<std::uint32_t> path_uses_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> excludes_;  // test, exclusion
  std::vector<std::uint32_t> condition_uses_;
  std::string key_;
  std::vector<std::uint32_t> ids_;
  std::vector<std::uint32_t> local_paths_, local_conditions_;
};

std::uint32_t Builder::add_test(std::uint32_t path, ValueTest& test) {
  key_.clear();
  append_bytes(key_, path);
  append_bytes(key_, test.kind);
  if (test.kind == ValueTest::Kind::number || test.kind == ValueTest::Kind::number_range) {
    append_bytes(key_, test.first_number);
    append_bytes(key_, test.last_number);
  } else if (test.kind == ValueTest::Kind::address_range) {
    for (const Address& end : {test.addresses.first, test.addresses.last}) {
      append_bytes(key_, static_cast<std::uint64_t>(end.v6));
      append_bytes(key_, end.high);
      append_bytes(key_, end.low);
    }
  } else {
    key_ += test.text;
  }
  const auto [number, fresh] = test_numbers_.add(key_);
  if (fresh) {
    tests_.push_back(std::move(test));
    test_paths_.push_back(path);
    test_uses_.push_back(0);
  }
  return number;
}

std::uint32_t Builder::add_exclusion(std::uint32_t path, std::vector<ValueTest>& tests) {
  std::vector<std::uint32_t> ids;
  for (ValueTest& test : tests) ids.push_back(add_test(path, test));
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  key_.clear();
  for (const std::uint32_t id : ids) append_bytes(key_, id);
  const auto [number, fresh] = exclusion_numbers_.add(key_);
  if (fresh) {
    for (const std::uint32_t id : ids) excludes_.emplace_back(id, number);
  }
  return number;
}

std::uint32_t Builder::add_condition(std::uint32_t path, FieldCondition& condition) {
  const auto settle = [](std::vector<std::uint32_t>& ids, std::size_t from) {
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(from);
    std::sort(begin, ids.end());
    ids.erase(std::unique(begin, ids.end()), ids.end());
  };
  ids_.clear();
  for (ValueTest& test : condition.any_of) ids_.push_back(add_test(path, test));
  settle(ids_, 0);
  const std::size_t test_count = ids_.size();
  for (auto& tests : condition.anything_but) ids_.push_back(add_exclusion(path, tests));
  settle(ids_, test_count);
  key_.clear();
  append_bytes(key_, path);
  append_bytes(key_, condition.exists);
  append_bytes(key_, condition.absent);
  append_bytes(key_, static_cast<std::uint32_t>(test_count));
  for (const std::uint32_t id : ids_) append_bytes(key_, id);
  const auto [number, fresh] = condition_numbers_.add(key_);
  if (fresh) {
    Tables& t = *tables_;
    t.conditions.push_back({path, condition.exists, condition.absent,
                            static_cast<std::uint32_t>(t.condition_parts.size()),
                            static_cast<std::uint32_t>(test_count),
                            static_cast<std::uint32_t>(ids_.size() - test_count)});
    t.condition_parts.insert(t.condition_parts.end(), ids_.begin(), ids_.end());
    condition_uses_.push_back(0);
  }
  return number;
}

std::optional<PatternError> Builder::add(std::size_t rule, std::string_view text) {
  if (auto bad = read_pattern(text, limits_, pattern_)) {
    bad->rule = rule;
    return bad;
  }
  local_paths_.clear();
  for (const std::string& path : pattern_.paths) {
    local_paths_.push_back(path_numbers_.add(path).first);
  }
  path_uses_.resize(path_numbers_.count(), 0);
  // A condition that a later one overrode everywhere is not built; which path it is for is known
  // from the branches.
  local_conditions_.assign(pattern_.conditions.size(), kNone);
  Tables& t = *tables_;
  for (const auto& fields : pattern_.branches) {
    Branch branch;
    branch.rule = static_cast<std::uint32_t>(rule);
    branch.conditions = static_cast<std::uint32_t>(t.branch_conditions.size());
    branch.condition_count = static_cast<std::uint32_t>(fields.size());
    for (const Pattern::Field& field : fields) {
      const std::uint32_t path = local_paths_[field.path];
      std::uint32_t& number = local_conditions_[field.condition];
      if (number == kNone) number = add_condition(path, pattern_.conditions[field.condition]);
      ++condition_uses_[number];
      ++path_uses_[path];
      t.branch_conditions.push_back(number);
    }
    t.branches.push_back(branch);
  }
  t.many_branches.push_back(pattern_.branches.size() > 1);
  return std::nullopt;
}

// A guess of how often events meet a condition: what asks for much is met rarely, and so is what
// few of the rules on a field ask for.
double Builder::likelihood(const Condition& condition) const {
  using Kind = ValueTest::Kind;
  const Tables& t = *tables_;
  double sum = 0;
  if (condition.exists) sum += 0.9;
  sum += 0.8 * condition.exclusion_count;
  for (std::uint32_t i = 0; i < condition.test_count && sum < 1; ++i) {
    const std::uint32_t test = t.condition_parts[condition.parts + i];
    double base = 0.6;
    switch (tests_[test].kind) {
      case Kind::text:
      case Kind::number:
      case Kind::number_literal:
      case Kind::equals_ignore_case:
        base = 0.5;
        break;
      case Kind::prefix:
      case Kind::suffix:
      case Kind::wildcard:
        base = 0.55;
        break;
      case Kind::any_string:
        base = 0.85;
        break;
      default:
        break;
    }
    sum += base * (test_uses_[test] + 1.0) / (path_uses_[condition.path] + 1.0);
  }
  return sum;
}

void Builder::choose_anchors() {
  Tables& t = *tables_;
  for (std::size_t c = 0; c < t.conditions.size(); ++c) {
    const Condition& condition = t.conditions[c];
    for (std::uint32_t i = 0; i < condition.test_count; ++i) {
      test_uses_[t.condition_parts[condition.parts + i]] += condition_uses_[c];
    }
  }
  std::vector<double> likelihoods(t.conditions.size());
  for (std::size_t c = 0; c < t.conditions.size(); ++c) {
    likelihoods[c] = likelihood(t.conditions[c]);
  }
  for (Branch& branch : t.branches) {
    double best = 1e9;
    for (std::uint32_t i = 0; i < branch.condition_count; ++i) {
      const std::uint32_t c = t.branch_conditions[branch.conditions + i];
      if (t.conditions[c].absent || likelihoods[c] >= best) continue;
      best = likelihoods[c];
      branch.anchor = c;
    }
  }
}

void Builder::link_anchors() {
  Tables& t = *tables_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> anchored, alone, fires, path_fires;
  for (std::uint32_t b = 0; b < t.branches.size(); ++b) {
    const Branch& branch = t.branches[b];
    if (branch.anchor == kNone) {
      t.always.push_back(b);
    } else if (branch.condition_count == 1 && !t.many_branches[branch.rule]) {
      alone.emplace_back(branch.anchor, branch.rule);
    } else {
      anchored.emplace_back(branch.anchor, b);
    }
  }
  t.anchored = lists_of(anchored, t.conditions.size());
  t.alone = lists_of(alone, t.conditions.size());
  for (std::uint32_t c = 0; c < t.conditions.size(); ++c) {
    if (t.anchored[c].empty() && t.alone[c].empty()) continue;
    const Condition& condition = t.conditions[c];
    for (std::uint32_t i = 0; i < condition.test_count; ++i) {
      fires.emplace_back(t.condition_parts[condition.parts + i], c);
    }
    if (condition.exists || condition.exclusion_count > 0) {
      path_fires.emplace_back(condition.path, c);
    }
  }
  t.fires = lists_of(fires, tests_.size());
  t.path_fires = lists_of(path_fires, path_numbers_.count());
  t.excludes = lists_of(excludes_, tests_.size());
}

void Builder::build_matchers() {
  Tables& t = *tables_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> by_path;
  by_path.reserve(tests_.size());
  for (std::uint32_t test = 0; test < tests_.size(); ++test) {
    by_path.emplace_back(test_paths_[test], test);
  }
  const Lists tests = lists_of(by_path, path_numbers_.count());
  t.matchers.resize(path_numbers_.count());
  std::vector<engine::ValueMatcher::Entry> entries;
  for (std::size_t path = 0; path < t.matchers.size(); ++path) {
    entries.clear();
    for (const std::uint32_t test : tests[path]) entries.push_back({&tests_[test], test});
    t.matchers[path].build(entries, hash_key_, t.wildcard_count, t.piece_count);
  }
}

void Builder::group_paths() {
  Tables& t = *tables_;
  std::vector<std::string> paths;
  Numbering groups(hash_key_);
  for (std::uint32_t p = 0; p < path_numbers_.count(); ++p) {
    paths.emplace_back(path_numbers_.key(p));
    t.path_groups.push_back(
        groups.add(path_numbers_.key(p).substr(0, paths.back().find('.'))).first);
  }
  t.tree.build(paths, hash_key_);
}

std::shared_ptr<const RuleSet> Builder::finish() {
  Tables& t = *tables_;
  t.hash_key = hash_key_;
  t.test_count = tests_.size();
  t.exclusion_count = exclusion_numbers_.count();
  choose_anchors();
  link_anchors();
  build_matchers();
  group_paths();
  t.conditions.shrink_to_fit();
  t.condition_parts.shrink_to_fit();
  t.branches.shrink_to_fit();
  t.branch_conditions.shrink_to_fit();
  return std::make_shared<const RuleSet>(std::move(tables_));
}

}  // namespace

Result<std::shared_ptr<const RuleSet>, PatternError> compile_rules(std::span<const RuleText> rules,
                                                                   const CompileLimits& limits) {
  Builder builder(limits);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (auto bad = builder.add(i, rules[i].pattern)) return *std::move(bad);
  }
  return builder.finish();
}

}  // namespace weir

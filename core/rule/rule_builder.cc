// compile_tables(): reads the patterns in runs of many (RuleChunk), gives equal parts one number,
// chooses the anchors and lays the tables out. The runs, and then the fields, are independent of
// one another: those are the pieces that may go to several threads.
#include <algorithm>
#include <functional>

#include "core/rule/compile.h"
#include "core/rule/numbering.h"
#include "core/rule/path_facts.h"
#include "core/rule/pattern.h"
#include "core/rule/rule_chunk.h"
#include "core/rule/tables.h"
#include "core/rule/test_key.h"

namespace weir {
namespace {

using engine::Branch;
using engine::Condition;
using engine::kNone;
using engine::Lists;
using engine::Numbering;
using engine::RuleChunk;
using engine::Tables;

// Few enough that several threads have work, many enough that a run costs more than its start.
constexpr std::size_t kChunkRules = 2048;

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

void run_in_turn(std::size_t count, const std::function<void(std::size_t)>& piece) {
  for (std::size_t i = 0; i < count; ++i) piece(i);
}

class Builder {
 public:
  Builder(std::uint64_t hash_key, const CompileLimits& limits)
      : pieces_max_(limits.wildcard_pieces_per_field_max),
        tables_(std::make_unique<Tables>()),
        hash_key_(hash_key),
        path_numbers_(hash_key_),
        test_numbers_(hash_key_),
        exclusion_numbers_(hash_key_),
        condition_numbers_(hash_key_) {
    tables_->wildcard_steps_max = limits.wildcard_steps_max;
    tables_->array_steps_max = limits.array_steps_max;
  }

  void expect(std::span<const RuleChunk> chunks);
  std::optional<PatternError> add(const RuleChunk& chunk);
  std::shared_ptr<const Tables> finish(const RunPieces& run);

 private:
  // What is still to be read of a chunk.
  struct Cursor {
    const RuleChunk& chunk;
    std::size_t test = 0;
    std::size_t key = 0;
    std::size_t exclusion = 0;
  };
  std::uint32_t add_test(std::uint32_t path, Cursor& from);
  std::uint32_t add_exclusion(std::uint32_t path, Cursor& from);
  std::uint32_t add_condition(const RuleChunk::Condition& condition, Cursor& from);
  std::uint32_t number_condition(std::uint32_t path, const RuleChunk::Condition& condition,
                                 std::size_t test_count);
  void add_branches(const RuleChunk& chunk);
  std::string_view test_key(std::uint32_t test) const {
    return test_numbers_.key(test).substr(sizeof(std::uint32_t));
  }
  std::uint32_t test_path(std::uint32_t test) const {
    return load_u32(test_numbers_.key(test).data());
  }
  double likelihood(const Condition& condition) const;
  void choose_anchors();
  void link_anchors();
  bool is_given(std::uint32_t c) const;
  void link_defaults();
  void build_matchers(const RunPieces& run);
  void group_paths();

  std::size_t pieces_max_;
  std::unique_ptr<Tables> tables_;
  std::uint64_t hash_key_;
  Numbering path_numbers_;
  Numbering test_numbers_;  // path and key of each
  Numbering exclusion_numbers_;
  Numbering condition_numbers_;                       // those of more than one test
  std::vector<std::uint32_t> condition_of_test_;      // those of one test and nothing else
  std::vector<std::uint32_t> numbered_as_condition_;  // by number of condition_numbers_
  std::vector<std::uint32_t> test_uses_;
  std::vector<std::uint32_t> path_uses_;
  std::vector<std::size_t> path_pieces_;  // see wildcard_pieces_per_field_max
  std::uint32_t costly_ = kNone;          // the first condition with which they were too many
  std::vector<std::pair<std::uint32_t, std::uint32_t>> excludes_;  // test, exclusion
  std::vector<std::uint32_t> condition_uses_;
  std::string key_;
  std::vector<std::uint32_t> ids_;
  std::vector<std::uint32_t> exclusion_tests_;
  std::vector<std::uint32_t> local_paths_, local_conditions_;
};

void Builder::expect(std::span<const RuleChunk> chunks) {
  std::size_t tests = 0;
  std::size_t conditions = 0;
  std::size_t branches = 0;
  std::size_t branch_conditions = 0;
  for (const RuleChunk& chunk : chunks) {
    tests += chunk.tests.size();
    conditions += chunk.conditions.size();
    branches += chunk.branches.size();
    branch_conditions += chunk.branch_conditions.size();
  }
  test_numbers_.reserve(tests);
  tables_->conditions.reserve(conditions);
  tables_->condition_parts.reserve(tests);
  tables_->branches.reserve(branches);
  tables_->branch_conditions.reserve(branch_conditions);
}

std::uint32_t Builder::add_test(std::uint32_t path, Cursor& from) {
  const RuleChunk::Test& test = from.chunk.tests[from.test++];
  key_.clear();
  append_bytes(key_, path);
  key_.append(from.chunk.keys, from.key, test.length);
  from.key += test.length;
  const std::uint64_t hash = hash_number(test.hash + path, hash_key_);
  const auto [number, fresh] = test_numbers_.add(key_, hash);
  if (!fresh) return number;
  condition_of_test_.push_back(kNone);
  const std::string_view fresh_key = test_key(number);
  if (engine::test_kind(fresh_key) == ValueTest::Kind::wildcard) {
    path_pieces_[path] += engine::WildcardSet::later_pieces_of(fresh_key.substr(1));
  }
  return number;
}

void settle(std::vector<std::uint32_t>& ids, std::size_t from) {
  const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(from);
  std::sort(begin, ids.end());
  ids.erase(std::unique(begin, ids.end()), ids.end());
}

std::uint32_t Builder::add_exclusion(std::uint32_t path, Cursor& from) {
  std::vector<std::uint32_t>& ids = exclusion_tests_;
  ids.clear();
  for (std::uint32_t left = from.chunk.exclusions[from.exclusion++]; left > 0; --left) {
    ids.push_back(add_test(path, from));
  }
  settle(ids, 0);
  key_.clear();
  for (const std::uint32_t id : ids) append_bytes(key_, id);
  const auto [number, fresh] = exclusion_numbers_.add(key_);
  if (fresh) {
    for (const std::uint32_t id : ids) excludes_.emplace_back(id, number);
  }
  return number;
}

// The number of the condition of the tests and exclusions in ids_.
std::uint32_t Builder::number_condition(std::uint32_t path, const RuleChunk::Condition& condition,
                                        std::size_t test_count) {
  const auto next = static_cast<std::uint32_t>(tables_->conditions.size());
  const bool one_test =
      test_count == 1 && ids_.size() == 1 && !condition.exists && !condition.absent;
  if (one_test) {
    std::uint32_t& known = condition_of_test_[ids_[0]];
    if (known == kNone) known = next;
    return known;
  }
  key_.clear();
  append_bytes(key_, path);
  append_bytes(key_, condition.exists);
  append_bytes(key_, condition.absent);
  append_bytes(key_, static_cast<std::uint32_t>(test_count));
  for (const std::uint32_t id : ids_) append_bytes(key_, id);
  const auto [number, fresh] = condition_numbers_.add(key_);
  if (fresh) numbered_as_condition_.push_back(next);
  return numbered_as_condition_[number];
}

std::uint32_t Builder::add_condition(const RuleChunk::Condition& condition, Cursor& from) {
  const std::uint32_t path = local_paths_[condition.path];
  ids_.clear();
  for (std::uint32_t i = 0; i < condition.test_count; ++i) ids_.push_back(add_test(path, from));
  settle(ids_, 0);
  const std::size_t test_count = ids_.size();
  for (std::uint32_t i = 0; i < condition.exclusion_count; ++i) {
    ids_.push_back(add_exclusion(path, from));
  }
  settle(ids_, test_count);
  const std::uint32_t number = number_condition(path, condition, test_count);
  Tables& t = *tables_;
  if (number == t.conditions.size()) {
    t.conditions.push_back({path, condition.exists, condition.absent,
                            static_cast<std::uint32_t>(t.condition_parts.size()),
                            static_cast<std::uint32_t>(test_count),
                            static_cast<std::uint32_t>(ids_.size() - test_count)});
    t.condition_parts.insert(t.condition_parts.end(), ids_.begin(), ids_.end());
    condition_uses_.push_back(0);
  }
  if (path_pieces_[path] > pieces_max_) costly_ = std::min(costly_, number);
  return number;
}

std::optional<PatternError> Builder::add(const RuleChunk& chunk) {
  local_paths_.clear();
  for (std::uint32_t p = 0; p < chunk.paths.count(); ++p) {
    local_paths_.push_back(path_numbers_.add(chunk.paths.key(p)).first);
  }
  path_uses_.resize(path_numbers_.count(), 0);
  path_pieces_.resize(path_numbers_.count(), 0);
  local_conditions_.clear();
  Cursor cursor{chunk};
  for (const RuleChunk::Condition& condition : chunk.conditions) {
    local_conditions_.push_back(add_condition(condition, cursor));
  }
  add_branches(chunk);
  if (costly_ == kNone) return std::nullopt;
  const auto is_costly = [this](const Branch& branch) {
    const auto first = tables_->branch_conditions.begin() + branch.conditions;
    return std::find(first, first + branch.condition_count, costly_) !=
           first + branch.condition_count;
  };
  const auto branch = std::ranges::find_if(tables_->branches, is_costly);
  const std::uint32_t path = tables_->conditions[costly_].path;
  return engine::too_many_pieces(branch->rule, std::string(path_numbers_.key(path)), pieces_max_);
}

void Builder::add_branches(const RuleChunk& chunk) {
  Tables& t = *tables_;
  auto count = chunk.branches.begin();
  auto condition = chunk.branch_conditions.begin();
  for (const std::uint32_t branches : chunk.rules) {
    for (std::uint32_t b = 0; b < branches; ++b) {
      Branch branch;
      branch.rule = static_cast<std::uint32_t>(t.many_branches.size());
      branch.conditions = static_cast<std::uint32_t>(t.branch_conditions.size());
      branch.condition_count = *count++;
      for (std::uint32_t i = 0; i < branch.condition_count; ++i) {
        const std::uint32_t number = local_conditions_[*condition++];
        ++condition_uses_[number];
        ++path_uses_[t.conditions[number].path];
        t.branch_conditions.push_back(number);
      }
      t.branches.push_back(branch);
    }
    t.many_branches.push_back(branches > 1);
  }
}

// A guess of how often events meet a condition: what asks for much is met rarely, and so is what
// few of the rules on a field ask for.
double Builder::likelihood(const Condition& condition) const {
  using Kind = ValueTest::Kind;
  const Tables& t = *tables_;
  double sum = 0;
  double apart = 0;  // beside how many ask for the same
  if (condition.exists) sum += 0.9;
  sum += 0.8 * condition.exclusion_count;
  for (std::uint32_t i = 0; i < condition.test_count && sum < 1; ++i) {
    const std::uint32_t test = t.condition_parts[condition.parts + i];
    double base = 0.6;
    switch (engine::test_kind(test_key(test))) {
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
      case Kind::number_range:
        // Open to one side, it takes half of the values, however many others are beside it.
        if (engine::open_range(test_key(test))) apart += 0.5;
        break;
      default:
        break;
    }
    sum += base * (test_uses_[test] + 1.0) / (path_uses_[condition.path] + 1.0);
  }
  return sum + apart;
}

void Builder::choose_anchors() {
  Tables& t = *tables_;
  test_uses_.assign(test_numbers_.count(), 0);
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
    if (branch.anchor == kNone && t.many_branches[branch.rule]) {
      t.always.push_back(b);
    } else if (branch.anchor == kNone) {
      t.absent_branches.push_back(b);
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
    if (is_given(c)) continue;
    if (condition.exists || condition.exclusion_count > 0) {
      path_fires.emplace_back(condition.path, c);
    }
  }
  t.fires = lists_of(fires, test_numbers_.count());
  t.path_fires = lists_of(path_fires, path_numbers_.count());
  t.excludes = lists_of(excludes_, test_numbers_.count());
}

// Whether a condition is met by the presence of its field unless one exclusion takes every value,
// and nothing else hangs on it.
bool Builder::is_given(std::uint32_t c) const {
  const Tables& t = *tables_;
  const Condition& condition = t.conditions[c];
  return t.anchored[c].empty() && !t.alone[c].empty() && condition.test_count == 0 &&
         (condition.exists || condition.exclusion_count == 1);
}

void Builder::link_defaults() {
  Tables& t = *tables_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> given, absent;
  t.closes.assign(exclusion_numbers_.count(), kNone);
  t.closes.shrink_to_fit();
  for (std::uint32_t c = 0; c < t.conditions.size(); ++c) {
    if (!is_given(c)) continue;
    const Condition& condition = t.conditions[c];
    for (const std::uint32_t rule : t.alone[c]) given.emplace_back(condition.path, rule);
    if (!condition.exists) t.closes[t.condition_parts[condition.parts]] = c;
  }
  std::ranges::sort(given);
  t.given = lists_of(given, path_numbers_.count());
  std::ranges::stable_sort(t.absent_branches, {},
                           [&t](std::uint32_t b) { return t.branches[b].rule; });
  for (std::uint32_t i = 0; i < t.absent_branches.size(); ++i) {
    const Branch& branch = t.branches[t.absent_branches[i]];
    t.absent_rules.push_back(branch.rule);
    for (std::uint32_t k = 0; k < branch.condition_count; ++k) {
      const std::uint32_t c = t.branch_conditions[branch.conditions + k];
      absent.emplace_back(t.conditions[c].path, i);
    }
  }
  t.absent_fields = lists_of(absent, path_numbers_.count());
  t.absent_rules.shrink_to_fit();
  t.absent_branches.shrink_to_fit();
}

void Builder::build_matchers(const RunPieces& run) {
  Tables& t = *tables_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> by_path;
  by_path.reserve(test_numbers_.count());
  for (std::uint32_t test = 0; test < test_numbers_.count(); ++test) {
    by_path.emplace_back(test_path(test), test);
  }
  const Lists tests = lists_of(by_path, path_numbers_.count());
  t.matchers.resize(path_numbers_.count());
  const auto build = [&](std::size_t path) {
    std::vector<engine::ValueMatcher::Entry> entries;
    entries.reserve(tests[path].size());
    for (const std::uint32_t test : tests[path]) entries.push_back({test_key(test), test});
    t.matchers[path].build(entries, hash_key_);
  };
  run(t.matchers.size(), build);
  for (engine::ValueMatcher& matcher : t.matchers) {
    matcher.number_scratch(t.wildcards);
    matcher.number_places(t.number_places);
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

std::shared_ptr<const Tables> Builder::finish(const RunPieces& run) {
  Tables& t = *tables_;
  t.hash_key = hash_key_;
  t.test_count = test_numbers_.count();
  t.exclusion_count = exclusion_numbers_.count();
  choose_anchors();
  link_anchors();
  link_defaults();
  build_matchers(run);
  group_paths();
  engine::note_path_facts(t);
  t.conditions.shrink_to_fit();
  t.condition_parts.shrink_to_fit();
  t.branches.shrink_to_fit();
  t.branch_conditions.shrink_to_fit();
  return std::move(tables_);
}

}  // namespace

Result<std::shared_ptr<const Tables>, PatternError> engine::compile_tables(
    std::span<const RuleText> rules, const CompileLimits& limits, const RunPieces& given_run) {
  const RunPieces run = given_run ? given_run : run_in_turn;
  const std::uint64_t hash_key = limits.hash_key != 0 ? limits.hash_key : fresh_hash_key();
  const std::size_t runs = (rules.size() + kChunkRules - 1) / kChunkRules;
  std::vector<RuleChunk> chunks(runs, RuleChunk(hash_key));
  run(runs, [&](std::size_t i) {
    const std::size_t first = i * kChunkRules;
    const std::size_t count = std::min(kChunkRules, rules.size() - first);
    chunks[i] = engine::read_rules(rules.subspan(first, count), first, limits, hash_key);
  });
  for (const RuleChunk& chunk : chunks) {
    if (chunk.error) return *chunk.error;
  }
  Builder builder(hash_key, limits);
  builder.expect(chunks);
  for (const RuleChunk& chunk : chunks) {
    if (auto costly = builder.add(chunk)) return *std::move(costly);
  }
  chunks.clear();
  return builder.finish(run);
}

PatternError engine::too_many_pieces(std::size_t rule, std::string path, std::size_t limit) {
  return {rule,
          "too costly: the wildcards on this field have more than " + std::to_string(limit) +
              " pieces behind their first" + raise_words(kLimitWildcardPieces),
          std::move(path), 0};
}

}  // namespace weir

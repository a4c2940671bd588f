#include "core/rule/rule_chunk.h"

#include "core/rule/byte_trie.h"
#include "core/rule/test_key.h"

namespace weir::engine {
namespace {

class ChunkReader {
 public:
  ChunkReader(const CompileLimits& limits, std::uint64_t hash_key)
      : limits_(limits), hash_key_(hash_key), chunk_(hash_key) {}

  bool add(std::size_t rule, std::string_view text) {
    if (auto bad = reader_.read(text, limits_, pattern_)) {
      bad->rule = rule;
      chunk_.error = std::move(bad);
      return false;
    }
    add_pattern();
    return true;
  }
  RuleChunk take() { return std::move(chunk_); }

 private:
  void add_pattern();
  void add_condition(std::uint32_t path, const FieldCondition& condition);
  void add_test(const ValueTest& test);

  const CompileLimits& limits_;
  std::uint64_t hash_key_;
  PatternReader reader_;
  Pattern pattern_;
  std::vector<std::uint32_t> local_;  // by condition of the pattern: its number in the chunk
  RuleChunk chunk_;
};

void ChunkReader::add_test(const ValueTest& test) {
  const std::size_t begin = chunk_.keys.size();
  append_test_key(test, chunk_.keys);
  const std::string_view key = std::string_view(chunk_.keys).substr(begin);
  chunk_.tests.push_back({hash_text(key, hash_key_), static_cast<std::uint32_t>(key.size())});
}

void ChunkReader::add_condition(std::uint32_t path, const FieldCondition& condition) {
  for (const ValueTest& test : condition.any_of) add_test(test);
  for (const auto& tests : condition.anything_but) {
    chunk_.exclusions.push_back(static_cast<std::uint32_t>(tests.size()));
    for (const ValueTest& test : tests) add_test(test);
  }
  chunk_.conditions.push_back({path, condition.exists, condition.absent,
                               static_cast<std::uint32_t>(condition.any_of.size()),
                               static_cast<std::uint32_t>(condition.anything_but.size())});
}

void ChunkReader::add_pattern() {
  // A condition that a later one overrode everywhere is not built; which path it is for is known
  // from the branches.
  local_.assign(pattern_.conditions.size(), kNone);
  for (const auto& fields : pattern_.branches) {
    for (const Pattern::Field& field : fields) {
      std::uint32_t& number = local_[field.condition];
      if (number == kNone) {
        number = static_cast<std::uint32_t>(chunk_.conditions.size());
        const std::uint32_t path = chunk_.paths.add(pattern_.paths[field.path]).first;
        add_condition(path, pattern_.conditions[field.condition]);
      }
      chunk_.branch_conditions.push_back(number);
    }
    chunk_.branches.push_back(static_cast<std::uint32_t>(fields.size()));
  }
  chunk_.rules.push_back(static_cast<std::uint32_t>(pattern_.branches.size()));
}

}  // namespace

RuleChunk read_rules(std::span<const RuleText> rules, std::size_t first,
                     const CompileLimits& limits, std::uint64_t hash_key) {
  ChunkReader reader(limits, hash_key);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!reader.add(first + i, rules[i].pattern)) break;
  }
  return reader.take();
}

}  // namespace weir::engine

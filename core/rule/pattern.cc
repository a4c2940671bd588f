#include "core/rule/pattern.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "core/rule/condition_reader.h"
#include "core/rule/json_text.h"
#include "core/rule/json_tree.h"

namespace weir {
namespace {

using Kind = JsonNode::Kind;
using Branch = std::vector<Pattern::Field>;

constexpr std::string_view kOr = "$or";
// How often expanding may look at fields, for each that the limits allow.
constexpr std::size_t kLooksPerField = 50;
// Names that a member inside `$or` may not have: what is or may become an operator.
constexpr std::array kReservedInOr = std::to_array<std::string_view>({"exactly",
                                                                      "equals-ignore-case",
                                                                      "prefix",
                                                                      "suffix",
                                                                      "anything-but",
                                                                      "exists",
                                                                      "wildcard",
                                                                      "numeric",
                                                                      "cidr",
                                                                      "=",
                                                                      "<",
                                                                      "<=",
                                                                      ">",
                                                                      ">=",
                                                                      "regex",
                                                                      "not-wildcard",
                                                                      "not-equals-ignore-case",
                                                                      "date-after",
                                                                      "date-on-or-after",
                                                                      "date-before",
                                                                      "date-on-or-before",
                                                                      "in-date-range",
                                                                      "ip-address-in-range",
                                                                      "ip-address-not-in-range"});

// One reading of a pattern after the other, with `$or` as an operator or (`plain`) as an ordinary
// name.
class Reading {
 public:
  bool run(const JsonTree& tree, const CompileLimits& limits, bool plain, Pattern& out);
  const PatternError& error() const { return error_; }
  bool too_costly() const { return too_costly_; }

 private:
  // An object or a `$or` list that is being read.
  struct Frame {
    const JsonNode* next = nullptr;  // member or alternative to read next
    bool is_or = false;
    bool inside_or = false;
    bool collecting = false;  // `$or`: an alternative was just read
    std::size_t path_length = 0;
    std::vector<Branch> before;  // `$or`: what was collected before it
    std::vector<Branch> after;   // `$or`: what its alternatives made of that
  };

  void start();
  bool fail(std::size_t offset, std::string message) {
    error_ = {0, std::move(message), path_, offset};
    return false;
  }
  bool open_object(const JsonNode& node, bool inside_or);
  bool step_or(Frame& frame);
  bool step_object(Frame& frame);
  bool open_or(const JsonNode& node, Frame& frame);
  std::pair<std::uint32_t, bool> number_path();
  bool add_condition(const JsonNode& array);
  bool set_field(Pattern::Field field, std::size_t offset);
  bool affordable(std::size_t branches, std::size_t fields, std::size_t offset);
  void push_name(const std::string& name);
  void finish();

  const JsonTree* tree_ = nullptr;  // these four during one run
  const CompileLimits* limits_ = nullptr;
  bool plain_ = false;
  Pattern* out_ = nullptr;
  PatternError error_;
  bool too_costly_ = false;
  std::vector<Frame> frames_;
  std::vector<Branch> current_;
  std::string path_;
  bool path_started_ = false;  // tells the path "" (an empty name) from no name at all
  std::vector<bool> started_;
  std::unordered_map<std::string, std::uint32_t> path_index_;
  std::size_t path_bytes_ = 0;
  std::size_t work_ = 0;  // fields looked at while expanding
};

bool Reading::affordable(std::size_t branches, std::size_t fields, std::size_t offset) {
  const bool many_branches = branches > limits_->branches_per_rule_max;
  if (!many_branches && fields <= limits_->fields_per_rule_max) return true;
  too_costly_ = true;
  const std::string most =
      many_branches ? std::to_string(limits_->branches_per_rule_max) + " combinations"
                    : std::to_string(limits_->fields_per_rule_max) + " fields of all combinations";
  return fail(offset, "too costly: the alternatives of $or multiply to more than " + most +
                          raise_words(many_branches ? kLimitOrCombinations : kLimitOrFields));
}

std::size_t fields_of(const std::vector<Branch>& branches) {
  std::size_t total = 0;
  for (const Branch& branch : branches) total += branch.size();
  return total;
}

bool Reading::open_object(const JsonNode& node, bool inside_or) {
  if (node.children == 0) return fail(node.offset, "an empty object; name at least one field");
  Frame frame;
  frame.next = tree_->first_child(node);
  frame.inside_or = inside_or;
  frame.path_length = path_.size();
  frames_.push_back(std::move(frame));
  started_.push_back(path_started_);
  return true;
}

bool Reading::open_or(const JsonNode& node, Frame& frame) {
  if (node.kind != Kind::array) return fail(node.offset, "$or takes a list of two or more objects");
  for (const JsonNode* each = tree_->first_child(node); each; each = tree_->next(*each)) {
    if (each->kind != Kind::object) return fail(each->offset, "only objects may stand in $or");
  }
  if (node.children < 2) return fail(node.offset, "$or takes a list of two or more objects");
  const std::size_t fields = fields_of(current_);
  if (!affordable(current_.size() * node.children, fields * node.children, node.offset)) {
    return false;
  }
  Frame alternatives;
  alternatives.next = tree_->first_child(node);
  alternatives.is_or = true;
  alternatives.inside_or = frame.inside_or;
  alternatives.path_length = path_.size();
  alternatives.before = std::move(current_);
  current_.clear();
  frames_.push_back(std::move(alternatives));
  started_.push_back(path_started_);
  return true;
}

bool Reading::step_or(Frame& frame) {
  if (frame.collecting) {
    frame.collecting = false;
    const std::size_t offset = frame.next == nullptr ? 0 : frame.next->offset;
    if (!affordable(frame.after.size() + current_.size(),
                    fields_of(frame.after) + fields_of(current_), offset)) {
      return false;
    }
    std::ranges::move(current_, std::back_inserter(frame.after));
  }
  if (frame.next == nullptr) {
    current_ = std::move(frame.after);
    frames_.pop_back();
    started_.pop_back();
    return true;
  }
  const JsonNode& alternative = *frame.next;
  frame.next = tree_->next(alternative);
  frame.collecting = true;
  current_ = frame.before;
  return open_object(alternative, true);
}

void Reading::push_name(const std::string& name) {
  if (path_started_) path_.push_back('.');
  path_ += name;
  path_started_ = true;
}

bool Reading::step_object(Frame& frame) {
  path_.resize(frame.path_length);
  path_started_ = started_.back();
  if (frame.next == nullptr) {
    frames_.pop_back();
    started_.pop_back();
    return true;
  }
  const JsonNode& member = *frame.next;
  frame.next = tree_->next(member);
  const std::string name = member.name();
  if (!plain_ && name == kOr) return open_or(member, frame);
  const bool inside_or = frame.inside_or;
  push_name(name);
  if (inside_or && !plain_ && std::ranges::find(kReservedInOr, name) != kReservedInOr.end()) {
    return fail(member.name_offset, "inside $or no field may be named '" + name +
                                        "', which is or may become an operator");
  }
  if (member.kind == Kind::object) return open_object(member, inside_or);
  if (member.kind == Kind::array) return add_condition(member);
  return fail(member.offset, "'" + name +
                                 "' must be a list of values, as in [\"value\"], or an "
                                 "object of further fields");
}

// The number of path_, and whether it is new.
std::pair<std::uint32_t, bool> Reading::number_path() {
  constexpr std::size_t kCompared = 16;
  std::vector<std::string>& paths = out_->paths;
  const auto next = static_cast<std::uint32_t>(paths.size());
  if (paths.size() < kCompared) {
    const auto known = std::ranges::find(paths, path_);
    if (known != paths.end()) return {static_cast<std::uint32_t>(known - paths.begin()), false};
  } else {
    if (path_index_.empty()) {
      for (std::uint32_t i = 0; i < next; ++i) path_index_.emplace(paths[i], i);
    }
    const auto [known, fresh] = path_index_.try_emplace(path_, next);
    if (!fresh) return {known->second, false};
  }
  paths.push_back(path_);
  return {next, true};
}

bool Reading::add_condition(const JsonNode& array) {
  FieldCondition condition;
  if (const auto bad = read_condition(*tree_, array, plain_, condition)) {
    return fail(bad->offset, bad->message);
  }
  const auto [path, fresh] = number_path();
  if (fresh) {
    path_bytes_ += path_.size();
    if (path_bytes_ > limits_->path_bytes_max) {
      too_costly_ = true;
      return fail(array.offset, "too costly: the names of all fields have more than " +
                                    std::to_string(limits_->path_bytes_max) + " bytes" +
                                    raise_words(kLimitFieldNames));
    }
  }
  out_->conditions.push_back(std::move(condition));
  out_->condition_offsets.push_back(array.offset);
  return set_field({path, static_cast<std::uint32_t>(out_->conditions.size() - 1)}, array.offset);
}

bool Reading::set_field(Pattern::Field field, std::size_t offset) {
  const std::size_t fields = fields_of(current_) + current_.size();
  if (!affordable(current_.size(), fields, offset)) return false;
  work_ += fields;
  if (work_ / kLooksPerField > limits_->fields_per_rule_max) {
    too_costly_ = true;
    return fail(offset, "too costly: too many fields behind too many alternatives of $or" +
                            raise_words(kLimitOrFields));
  }
  for (Branch& branch : current_) {
    const auto old = std::ranges::find(branch, field.path, &Pattern::Field::path);
    if (old != branch.end()) {
      old->condition = field.condition;  // what comes later overrides
      continue;
    }
    if (branch.size() == kPatternFieldsMax) {
      return fail(offset, "more than 256 different fields in one pattern");
    }
    // By a little more than needed: there may be 10,000 of them.
    if (branch.size() == branch.capacity()) branch.reserve(branch.size() + branch.size() / 4 + 1);
    branch.push_back(field);
  }
  return true;
}

void Reading::finish() {
  // Rank the paths once; then each branch sorts by small numbers.
  std::vector<std::uint32_t> order(out_->paths.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [this](std::uint32_t a, std::uint32_t b) {
    return utf16_less(out_->paths[a], out_->paths[b]);
  });
  std::vector<std::uint32_t> rank(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
  for (Branch& branch : current_) {
    std::ranges::sort(branch, {}, [&rank](const Pattern::Field& f) { return rank[f.path]; });
  }
  out_->branches = std::move(current_);
}

void Reading::start() {
  out_->paths.clear();
  out_->conditions.clear();
  out_->condition_offsets.clear();
  out_->branches.clear();
  error_ = {};
  too_costly_ = false;
  frames_.clear();
  current_.assign(1, {});
  path_.clear();
  path_started_ = false;
  started_.clear();
  path_index_.clear();
  path_bytes_ = 0;
  work_ = 0;
}

bool Reading::run(const JsonTree& tree, const CompileLimits& limits, bool plain, Pattern& out) {
  tree_ = &tree;
  limits_ = &limits;
  plain_ = plain;
  out_ = &out;
  start();
  const JsonNode& root = tree.root();
  if (root.kind != Kind::object) return fail(root.offset, "a pattern is a JSON object");
  if (!open_object(root, false)) return false;
  while (!frames_.empty()) {
    // A step may grow frames_; it does not touch its frame after that.
    Frame& frame = frames_.back();
    if (!(frame.is_or ? step_or(frame) : step_object(frame))) return false;
  }
  finish();
  return true;
}

bool names_or(const JsonTree& tree) {
  std::vector<const JsonNode*> left = {&tree.root()};
  while (!left.empty()) {
    const JsonNode* node = left.back();
    left.pop_back();
    if (node->kind != Kind::object && node->kind != Kind::array) continue;
    for (const JsonNode* child = tree.first_child(*node); child; child = tree.next(*child)) {
      if (child->name() == kOr) return true;
      left.push_back(child);
    }
  }
  return false;
}

}  // namespace

struct PatternReader::Scratch {
  JsonTree tree;
  Reading reading;
};

PatternReader::PatternReader() : scratch_(std::make_unique<Scratch>()) {}
PatternReader::~PatternReader() = default;

std::optional<PatternError> PatternReader::read(std::string_view text, const CompileLimits& limits,
                                                Pattern& out) {
  if (text.size() > limits.pattern_bytes_max) {
    return PatternError{0,
                        "too costly: a pattern of more than " +
                            std::to_string(limits.pattern_bytes_max) + " bytes" +
                            raise_words(kLimitPattern),
                        "", 0};
  }
  JsonTree& tree = scratch_->tree;
  if (!tree.read(text)) {
    return PatternError{0, "not sound JSON: " + std::string(tree.fault().message), "",
                        tree.fault().offset};
  }
  Reading& reading = scratch_->reading;
  if (reading.run(tree, limits, false, out)) return std::nullopt;
  // As the reference does: what fails with `$or` as an operator may still mean a field named so.
  if (!reading.too_costly() && names_or(tree)) {
    const PatternError error = reading.error();
    return reading.run(tree, limits, true, out) ? std::nullopt : std::optional(error);
  }
  return reading.error();
}

std::optional<PatternError> read_pattern(std::string_view text, const CompileLimits& limits,
                                         Pattern& out) {
  return PatternReader().read(text, limits, out);
}

}  // namespace weir

#include "io/config/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace weir {
namespace {

// Nodes of a document with all aliases followed: far above any real file, and small enough that a
// walk over them takes no time to speak of.
constexpr std::uint64_t kExpandedNodesMax = 4'000'000;

constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string_view text) : text_(text) {}

  YamlTree take() { return std::move(tree_); }
  bool has_document() const { return has_root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (has_root_) throw YAML::ParserException(mark, "a second document, one is allowed");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.offset = offset_of(mark);
    node.text = null_spelling(node.offset);
    if (node.text.empty() && is_value()) {
      node.offset = tree_.nodes[tree_.nodes[open_.back()].children.back()].offset;  // its key's
    }
    add(std::move(node), mark, anchor, false);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end() || is_open(known->second)) {
      throw YAML::ParserException(mark, "an alias to something that is not complete");
    }
    attach(known->second, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    add({.kind = YamlNode::Kind::scalar,
         .plain = tag == "?" || tag.empty(),
         .offset = offset_of(mark),
         .text = value,
         .children = {}},
        mark, anchor, false);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    check_tag(mark, tag);
    add({.kind = YamlNode::Kind::sequence, .offset = offset_of(mark), .text = {}, .children = {}},
        mark, anchor, true);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    check_tag(mark, tag);
    add({.kind = YamlNode::Kind::mapping, .offset = offset_of(mark), .text = {}, .children = {}},
        mark, anchor, true);
  }
  void OnMapEnd() override { close(); }

 private:
  static std::size_t offset_of(const YAML::Mark& mark) {
    return static_cast<std::size_t>(std::max(mark.pos, 0));
  }

  // yaml-cpp keeps no spelling of a null; the mark of one that is not written at all points to
  // whatever comes next.
  std::string null_spelling(std::size_t offset) const {
    constexpr std::array<std::string_view, 4> kSpellings = {"null", "Null", "NULL", "~"};
    if (is_value() && tree_.nodes[tree_.nodes[open_.back()].children.back()].offset == offset) {
      return {};  // the mark of its key
    }
    for (const std::string_view spelling : kSpellings) {
      if (text_.substr(std::min(offset, text_.size())).starts_with(spelling)) {
        return std::string(spelling);
      }
    }
    return {};
  }

  // Whether the next node is the value of a key.
  bool is_value() const {
    return !open_.empty() && tree_.nodes[open_.back()].kind == YamlNode::Kind::mapping &&
           tree_.nodes[open_.back()].children.size() % 2 == 1;
  }

  static void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!" || tag == kStringTag) return;
    throw YAML::ParserException(mark, "a tag, none is used here: quote what is to be a text");
  }

  bool is_open(std::uint32_t index) const { return std::ranges::find(open_, index) != open_.end(); }

  void add(YamlNode node, const YAML::Mark& mark, YAML::anchor_t anchor, bool opens) {
    const auto index = static_cast<std::uint32_t>(tree_.nodes.size());
    tree_.nodes.push_back(std::move(node));
    expanded_.push_back(1);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = index;
    if (opens) {
      link(index);
      open_.push_back(index);
    } else {
      attach(index, mark);
    }
  }

  // A finished node takes its place below the open one.
  void attach(std::uint32_t index, const YAML::Mark& mark) {
    link(index);
    grow(expanded_[index], mark);
  }

  void link(std::uint32_t index) {
    if (open_.empty()) {
      tree_.root = index;
      has_root_ = true;
    } else {
      tree_.nodes[open_.back()].children.push_back(index);
    }
  }

  void grow(std::uint64_t nodes, const YAML::Mark& mark) {
    if (!open_.empty()) expanded_[open_.back()] += nodes;
    total_ += nodes;
    if (total_ > kExpandedNodesMax) {
      throw YAML::ParserException(mark, "aliases that expand without measure, write them out");
    }
  }

  void close() {
    const std::uint32_t index = open_.back();
    open_.pop_back();
    if (!open_.empty()) expanded_[open_.back()] += expanded_[index];
  }

  std::string_view text_;
  YamlTree tree_;
  std::vector<std::uint64_t>
      expanded_;  // by node: nodes below it with aliases followed, and itself
  std::uint64_t total_ = 0;
  std::vector<std::uint32_t> open_;
  std::unordered_map<YAML::anchor_t, std::uint32_t> anchors_;
  bool has_root_ = false;
};

// yaml-cpp tells where a list or mapping began that it could not read to its end. The braces of an
// unquoted variable are a likely reason.
Fault syntax_fault(const SourceText& source, const YAML::Mark& mark, const std::string& message) {
  const auto offset = static_cast<std::size_t>(std::max(mark.pos, 0));
  const std::string_view text = source.text();
  const std::size_t before = text.substr(0, offset).rfind('\n');
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  const std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
  const bool has_variable = line.find("${") != std::string_view::npos;
  return source.fault(
      offset, fmt::format("not valid YAML: {}{}", message,
                          has_variable ? "; '${NAME}' must be quoted inside of { } and [ ]" : ""));
}

}  // namespace

Result<YamlTree, Fault> parse_yaml(const SourceText& source) {
  TreeBuilder builder(source.text());
  try {
    std::istringstream stream(source.text());
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::DeepRecursion& deep) {
    return source.fault(static_cast<std::size_t>(std::max(deep.mark.pos, 0)),
                        "nested too deep, a configuration needs no more than a few levels");
  } catch (const YAML::ParserException& error) {
    return syntax_fault(source, error.mark, error.msg);
  } catch (const YAML::Exception& error) {
    return source.fault(0, fmt::format("not valid YAML: {}", error.msg));
  }
  if (!builder.has_document()) {
    return source.fault(0, "the file is empty, a configuration names at least its sources");
  }
  return builder.take();
}

const char* kind_name(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "empty";
    case YamlNode::Kind::scalar:
      return "a single value";
    case YamlNode::Kind::sequence:
      return "a list";
    case YamlNode::Kind::mapping:
      return "a mapping";
  }
  return "empty";
}

}  // namespace weir

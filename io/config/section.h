// Reading a YamlTree strictly: every key known, once, of the right type and range. Each fault goes
// to the Reading at the place of what is wrong, and reading goes on, so that one run shows all.
//
// Threads: one. Lifetime: a Section lives within the Reading it was made from.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/units.h"
#include "io/config/environment.h"
#include "io/config/fault.h"
#include "io/config/source_text.h"
#include "io/config/yaml_tree.h"

namespace weir {

// What all readers of one file share.
struct Reading {
  const SourceText& source;
  const YamlTree& tree;
  const Environment& environment;
  std::vector<Fault> faults;
  std::vector<Fault> warnings;

  void fault(const YamlNode& at, std::string message) {
    faults.push_back(source.fault(at.offset, std::move(message)));
  }
  void warn(const YamlNode& at, std::string message) {
    warnings.push_back(source.fault(at.offset, std::move(message)));
  }
};

// A value with its variables replaced, and as written for messages.
struct Scalar {
  std::string text;
  bool plain = true;
  const YamlNode* node = nullptr;
};

// `what` names the value in messages. A fault and nothing where the node is no single value.
std::optional<Scalar> read_scalar(Reading& reading, const YamlNode& node, std::string_view what);
// A list of single values, none of them empty.
std::optional<std::vector<Scalar>> read_scalars(Reading& reading, const YamlNode& node,
                                                std::string_view what);

// Names of objects are 1 to 64 letters, digits, '.', '_' and '-', as AWS has them; those of buses
// may be longer and contain '/'. A message where the name is another, nothing where it is right.
std::optional<std::string> object_name_fault(std::string_view name);
std::optional<std::string> bus_name_fault(std::string_view name);

// The pairs of a mapping of names, each name once; `what` is "sources". Nothing for a wrong node.
struct NamedNode {
  const YamlNode* key;
  const YamlNode* value;
};
std::vector<NamedNode> read_names(Reading& reading, const YamlNode& node, std::string_view what,
                                  std::optional<std::string> (*name_fault)(std::string_view));

// A mapping with a fixed set of keys.
class Section {
 public:
  // `what` is "source 'flow'"; `at` is where a missing key is reported.
  Section(Reading& reading, const YamlNode& node, const YamlNode& at, std::string what,
          std::span<const std::string_view> keys);

  Reading& reading() const { return *reading_; }
  const std::string& what() const { return what_; }
  const YamlNode& at() const { return *at_; }
  // The value or the key itself; nullptr where the key does not stand.
  const YamlNode* value(std::string_view key) const;
  const YamlNode* key(std::string_view key) const;

  // Each: nothing where the key does not stand, or where it is wrong (then a fault was noted).
  std::optional<Scalar> scalar(std::string_view key) const;
  std::optional<std::string> text(std::string_view key) const;  // not empty
  std::optional<bool> flag(std::string_view key) const;
  std::optional<std::uint64_t> count(std::string_view key, std::uint64_t least,
                                     std::uint64_t most) const;
  std::optional<std::uint64_t> size(std::string_view key, std::uint64_t least,
                                    std::uint64_t most) const;
  std::optional<Nanoseconds> duration(std::string_view key, Nanoseconds least,
                                      Nanoseconds most) const;
  std::optional<Section> section(std::string_view key, std::string what,
                                 std::span<const std::string_view> keys) const;

  template <typename T>
  struct Choice {
    std::string_view name;
    T value;
  };
  template <typename T>
  std::optional<T> choice(std::string_view key, std::span<const Choice<T>> choices) const {
    const std::optional<Scalar> written = scalar(key);
    if (!written) return std::nullopt;
    std::vector<std::string_view> names;
    for (const auto& known : choices) {
      if (known.name == written->text) return known.value;
      names.push_back(known.name);
    }
    unknown_choice(key, *written, names);
    return std::nullopt;
  }

  void fault(const YamlNode& where, std::string_view message) const;

 private:
  void note_key(const YamlNode& key, const YamlNode& value, std::span<const std::string_view> keys);
  void unknown_choice(std::string_view key, const Scalar& written,
                      std::span<const std::string_view> names) const;

  struct Member {
    std::string_view name;
    const YamlNode* key;
    const YamlNode* value;
  };
  Reading* reading_;
  const YamlNode* at_;
  std::string what_;
  std::vector<Member> members_;
};

// "a, b or c"
std::string list_words(std::span<const std::string_view> words);
// Text from the file for a message: at most 40 characters, control characters shown as '?'.
std::string shown(std::string_view text);

}  // namespace weir

#include "io/config/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "io/config/secret.h"

namespace weir {
namespace {

constexpr std::size_t kFileBytesMax = kMiB;
constexpr std::size_t kKeysMost = 1000;
constexpr std::size_t kIdBytesMost = 128;
constexpr std::size_t kSecretBytesLeast = 16;
constexpr std::array<std::string_view, 1> kRootKeys = {"keys"};
constexpr std::array<std::string_view, 5> kKeyKeys = {"id", "secret", "secret_file", "actions",
                                                      "buses"};

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_id(std::string_view text) {
  return text.size() <= kIdBytesMost && std::ranges::all_of(text, [](char c) {
           return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.';
         });
}

bool is_action(std::string_view text) {
  if (text == "*") return true;
  for (const std::string_view service : {"events:", "weir:"}) {
    if (!text.starts_with(service) || text.size() == service.size()) continue;
    return std::ranges::all_of(text.substr(service.size()),
                               [](char c) { return is_letter_or_digit(c) || c == '*'; });
  }
  return false;
}

bool is_bus_pattern(std::string_view text) {
  std::string letters(text);
  std::ranges::replace(letters, '*', 'x');
  return !bus_name_fault(letters).has_value();
}

class KeysReader {
 public:
  explicit KeysReader(CatalogDraft& draft) : draft_(draft), reading_(draft.reading) {}

  std::vector<AccessKey> read(const YamlNode& top) {
    const Section root(reading_, top, top, "the file of keys", kRootKeys);
    const YamlNode* list = root.value("keys");
    if (list == nullptr) {
      if (top.kind == YamlNode::Kind::mapping) {
        root.fault(top, "'keys' is missing, such as keys: [{id: AKID, secret: \"${SECRET}\"}]");
      }
      return {};
    }
    if (list->kind != YamlNode::Kind::sequence) {
      root.fault(*list, fmt::format("keys is {}, a list of keys is needed", kind_name(*list)));
      return {};
    }
    if (list->children.empty()) {
      root.fault(*list, "there is no key: nobody could send anything");
      return {};
    }
    if (list->children.size() > kKeysMost) {
      root.fault(*list, fmt::format("{} keys stand here, at most {} are possible",
                                    list->children.size(), kKeysMost));
      return {};
    }
    for (const std::uint32_t child : list->children) read_key(reading_.tree.node(child));
    return std::move(keys_);
  }

 private:
  void read_key(const YamlNode& node) {
    const std::string number = fmt::format("key {}", keys_.size() + 1);
    const Section section(reading_, node, node, number, kKeyKeys);
    AccessKey& key = keys_.emplace_back();
    if (node.kind != YamlNode::Kind::mapping) return;
    read_id(section, key);
    read_key_secret(section, number, key);
    read_patterns(section, "actions", is_action, "an action such as events:PutEvents or events:*",
                  key.actions);
    read_patterns(section, "buses", is_bus_pattern, "the name of a bus, in which * may stand",
                  key.buses);
  }

  void read_id(const Section& section, AccessKey& key) {
    if (section.key("id") == nullptr) return section.fault(section.at(), "'id' is missing");
    const auto id = section.text("id");
    if (!id) return;
    const YamlNode& at = *section.value("id");
    if (!is_id(*id)) {
      return section.fault(at, fmt::format("id is '{}', at most {} letters, digits, '.', '_' and "
                                           "'-' are needed",
                                           shown(at.text), kIdBytesMost));
    }
    const auto [known, is_new] = places_.emplace(*id, at.offset);
    if (!is_new) {
      const Fault earlier = reading_.source.fault(known->second, "");
      return section.fault(at, fmt::format("id '{}' stands at {}:{}:{} already", shown(at.text),
                                           earlier.file, earlier.line, earlier.column));
    }
    key.id = *id;
  }

  void read_key_secret(const Section& section, const std::string& number, AccessKey& key) {
    const YamlNode* text = section.value("secret");
    const YamlNode* file = section.value("secret_file");
    if ((text == nullptr) == (file == nullptr)) {
      return section.fault(section.at(),
                           "either 'secret' or 'secret_file' is needed, such as "
                           "secret: \"${SECRET}\"");
    }
    std::optional<std::string> secret;
    const YamlNode& at = text != nullptr ? *text : *file;
    if (text != nullptr) {
      if (const auto read = read_secret(*text, number + ": secret", draft_))
        secret = read->reveal();
    } else if (const auto path = section.text("secret_file")) {
      secret = read_secret_lines(*file, *path, number + ": secret_file", draft_);
    }
    if (!secret) return;
    const auto is_printable = [](char c) { return c > 0x20 && c < 0x7f; };
    if (secret->size() < kSecretBytesLeast || !std::ranges::all_of(*secret, is_printable)) {
      return section.fault(at, fmt::format("the secret is to have {} or more printable characters "
                                           "without blanks, such as `openssl rand -hex 20` makes",
                                           kSecretBytesLeast));
    }
    key.secret = Secret(std::move(*secret));
  }

  void read_patterns(const Section& section, std::string_view name,
                     bool (*is_right)(std::string_view), std::string_view wanted,
                     std::vector<std::string>& out) {
    const YamlNode* list = section.value(name);
    if (list == nullptr) return;
    auto texts = read_scalars(reading_, *list, fmt::format("{}: {}", section.what(), name));
    if (!texts) return;
    if (texts->empty()) {
      return section.fault(*list, fmt::format("{} is empty: leave it out to allow all of them, or "
                                              "the key to allow nothing",
                                              name));
    }
    for (Scalar& text : *texts) {
      if (!is_right(text.text)) {
        section.fault(*text.node, fmt::format("'{}' is not {}", shown(text.node->text), wanted));
      }
      out.push_back(std::move(text.text));
    }
  }

  CatalogDraft& draft_;
  Reading& reading_;
  std::vector<AccessKey> keys_;
  std::map<std::string, std::size_t> places_;  // of ids
};

}  // namespace

std::optional<std::vector<AccessKey>> read_keys_file(const YamlNode& at, const std::string& path,
                                                     const std::string& what, CatalogDraft& draft) {
  Reading& outer = draft.reading;
  const std::string file = in_folder(draft.folder, path);
  const std::size_t faults = outer.faults.size();
  look_at_secret_file(at, file, what, outer);
  if (outer.faults.size() > faults) return std::nullopt;
  const Result<SourceText, Fault> source = read_source_text(file, kFileBytesMax);
  if (!source) {
    outer.faults.push_back(source.error());
    return std::nullopt;
  }
  const Result<YamlTree, Fault> tree = parse_yaml(*source);
  if (!tree) {
    outer.faults.push_back(tree.error());
    return std::nullopt;
  }
  Reading reading{*source, *tree, outer.environment, {}, {}};
  CatalogDraft inner{
      .reading = reading, .look_at_files = draft.look_at_files, .folder = folder_of(file)};
  std::vector<AccessKey> keys = KeysReader(inner).read(tree->root_node());
  const bool sound = reading.faults.empty();
  std::ranges::move(reading.faults, std::back_inserter(outer.faults));
  std::ranges::move(reading.warnings, std::back_inserter(outer.warnings));
  if (!sound) return std::nullopt;
  return keys;
}

}  // namespace weir

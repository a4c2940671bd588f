// Secrets in a configuration: a text, mostly a variable (`${TOKEN}`), or `{file: PATH}`. No message
// repeats one, and a file that others can read is warned of.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "io/config/draft.h"

namespace weir {

// `what` is "target 'hook': auth: bearer". Relative paths begin at the configuration's directory. A
// file's text counts without line ends behind it. Never empty, never with control characters.
std::optional<Secret> read_secret(const YamlNode& node, const std::string& what,
                                  CatalogDraft& draft);

// The text of a file of secrets, one a line; `path` as in the configuration.
std::optional<std::string> read_secret_lines(const YamlNode& at, const std::string& path,
                                             const std::string& what, CatalogDraft& draft);

// A file that holds a secret: a fault where it cannot be read, a warning where others can read it.
void look_at_secret_file(const YamlNode& at, const std::string& path, const std::string& what,
                         Reading& reading);

// Base64 with its padding (RFC 4648, section 4), strictly.
std::string base64(std::string_view bytes);
Result<std::string> from_base64(std::string_view text);

}  // namespace weir

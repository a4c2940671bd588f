// A file of access keys: who may sign requests to a source of kind `http`, and what is allowed.
//
//     keys:
//       - id: AKIDSHOP
//         secret: ${SHOP_SECRET}        # or secret_file: shop.secret
//         actions: [events:Put*]        # none: all
//         buses: [shop]                 # none: all
//
// Internal to io/config.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/catalog/access_key.h"
#include "io/config/draft.h"

namespace weir {

// `at`: the value that names the file, `path`: as it is written there; `what` is "source 'api':
// keys". Nothing where there is a fault, which points into the file where it can. Variables are
// those of the configuration; paths within the file begin at the file's own directory.
std::optional<std::vector<AccessKey>> read_keys_file(const YamlNode& at, const std::string& path,
                                                     const std::string& what, CatalogDraft& draft);

}  // namespace weir

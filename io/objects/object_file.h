// ObjectFile: what was made through the API, in `api.db` of a data directory: one row a rule, each
// change a transaction that is synced when the call returns.
//
// A damaged file is a clear error at the start and not set aside: rules that vanish would lose
// events without a word.
//
// Threads: one at a time (the control thread); whoever opens it holds the lock of the directory.
#pragma once

#include <memory>
#include <string>

#include "core/api/control_plane.h"
#include "io/store/sql.h"

namespace weir {

class ObjectFile final : public ObjectStore {
 public:
  // Makes the file where there is none.
  static Result<std::unique_ptr<ObjectFile>> open(const std::string& data_dir);

  Result<ApiObjects> load() override;
  Status put(const RuleKey& key, const StoredRule& rule) override;
  Status erase(const RuleKey& key) override;

 private:
  ObjectFile(std::string path, SqlConnection connection)
      : path_(std::move(path)), connection_(std::move(connection)) {}
  Status prepare();
  Error error(const SqlError& failed) const;
  Status run(std::string_view sql, const RuleKey& key, const std::string* text);

  const std::string path_;
  SqlConnection connection_;
};

}  // namespace weir

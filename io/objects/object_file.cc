#include "io/objects/object_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "io/descriptor/descriptor.h"

namespace weir {
namespace {

constexpr std::int64_t kApplication = 0x77656961;  // "weia"
constexpr std::int64_t kVersion = 1;
constexpr const char* kSettings =
    "PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA journal_mode=DELETE;"
    "PRAGMA synchronous=EXTRA;"  // the directory too, after the journal is gone
    "PRAGMA cell_size_check=ON;"
    "PRAGMA trusted_schema=OFF;";
constexpr const char* kTables =
    "BEGIN IMMEDIATE;"
    "PRAGMA application_id=2003134817;"
    "PRAGMA user_version=1;"
    "CREATE TABLE rule(bus TEXT NOT NULL, name TEXT NOT NULL, json TEXT NOT NULL,"
    " PRIMARY KEY(bus, name)) STRICT, WITHOUT ROWID;"
    "COMMIT;";

Status make_file(const std::string& folder, const std::string& path) {
  const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
  const Descriptor file(::open(path.c_str(), flags, 0600));
  if (!file.valid()) {
    return Error{fmt::format("'{}' cannot be opened: {}", path, std::strerror(errno))};
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return Error{fmt::format("'{}' is no regular file", path)};
  }
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid() || ::fsync(directory.get()) != 0) {
    return Error{fmt::format("'{}' cannot be synced: {}", folder, std::strerror(errno))};
  }
  return Done{};
}

}  // namespace

Result<std::unique_ptr<ObjectFile>> ObjectFile::open(const std::string& data_dir) {
  // SQLite follows no link in a path it is given.
  const std::unique_ptr<char, decltype(&std::free)> folder(::realpath(data_dir.c_str(), nullptr),
                                                           &std::free);
  if (folder == nullptr) {
    return Error{fmt::format("'{}' cannot be opened: {}", data_dir, std::strerror(errno))};
  }
  std::string path = fmt::format("{}/api.db", folder.get());
  if (Status status = make_file(folder.get(), path); !status) return status.error();
  auto connection = SqlConnection::open(path);
  if (!connection) {
    return Error{fmt::format("'{}' cannot be opened: {}", path, connection.error().message)};
  }
  std::unique_ptr<ObjectFile> file(new ObjectFile(std::move(path), std::move(*connection)));
  if (Status status = file->prepare(); !status) return status.error();
  return file;
}

Error ObjectFile::error(const SqlError& failed) const {
  return Error{fmt::format("'{}': {}", path_, failed.message)};
}

Status ObjectFile::prepare() {
  if (auto set = connection_.run(kSettings); !set) return error(set.error());
  const auto tables = connection_.number("SELECT count(*) FROM sqlite_master");
  if (!tables) return error(tables.error());
  const auto application = connection_.number("PRAGMA application_id");
  const auto version = connection_.number("PRAGMA user_version");
  if (!application || !version) return error(connection_.error());
  if (*tables == 0 && *application == 0) {
    if (auto made = connection_.run(kTables); !made) return error(made.error());
    return Done{};
  }
  if (*application != kApplication || *version != kVersion) {
    return Error{
        fmt::format("'{}' was written by another program, or another version of weir", path_)};
  }
  return Done{};
}

Result<ApiObjects> ObjectFile::load() {
  auto rows = connection_.prepare("SELECT bus, name, json FROM rule");
  if (!rows) return error(rows.error());
  ApiObjects objects;
  while (true) {
    const auto row = rows->step();
    if (!row) return error(row.error());
    if (!*row) return objects;
    RuleKey key{rows->text(0), rows->text(1)};
    auto rule = stored_rule(rows->text(2));
    if (!rule) {
      return Error{fmt::format("'{}': rule {} of bus {} cannot be read: the file is damaged", path_,
                               key.second, key.first)};
    }
    objects.emplace(std::move(key), *std::move(rule));
  }
}

Status ObjectFile::run(std::string_view sql, const RuleKey& key, const std::string* text) {
  auto statement = connection_.prepare(sql);
  if (!statement) return error(statement.error());
  statement->bind(1, std::string_view(key.first)).bind(2, std::string_view(key.second));
  if (text != nullptr) statement->bind(3, std::string_view(*text));
  if (auto done = statement->run(); !done) return error(done.error());
  return Done{};
}

Status ObjectFile::put(const RuleKey& key, const StoredRule& rule) {
  const std::string text = to_json(rule);
  return run(
      "INSERT OR REPLACE INTO rule VALUES(CAST(?1 AS TEXT), CAST(?2 AS TEXT), "
      "CAST(?3 AS TEXT))",
      key, &text);
}

Status ObjectFile::erase(const RuleKey& key) {
  return run("DELETE FROM rule WHERE bus = CAST(?1 AS TEXT) AND name = CAST(?2 AS TEXT)", key,
             nullptr);
}

}  // namespace weir

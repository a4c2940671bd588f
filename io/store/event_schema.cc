#include "io/store/event_schema.h"

#include <fmt/format.h>

namespace weir {
namespace {

constexpr std::int64_t kApplication = 0x77656972;  // "weir"
constexpr std::int64_t kVersion = 1;

// Exclusive: no other process may look in while we do, and the index of the write-ahead log is kept
// in memory. Synchronous FULL: a commit returns after the log was synced. The log goes back into
// the file after 32 MiB; incremental vacuum lets the file shrink when letters were dropped.
constexpr const char* kSettings =
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA wal_autocheckpoint=4096;"
    "PRAGMA journal_size_limit=67108864;"
    "PRAGMA cache_size=-16384;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA trusted_schema=OFF;";

// `event` stands last, so that reading the rest leaves its pages alone. The indexes hold only the
// rows they are for: retries by due time and by key, dead letters by target.
constexpr const char* kTables =
    "BEGIN IMMEDIATE;"
    "PRAGMA application_id=2003134834;"
    "PRAGMA user_version=1;"
    "CREATE TABLE name(id INTEGER PRIMARY KEY, text BLOB NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE meta(id INTEGER PRIMARY KEY, next_id INTEGER NOT NULL) STRICT;"
    "INSERT INTO meta VALUES(1, 1);"
    "CREATE TABLE entry("
    " id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, target INTEGER NOT NULL,"
    " origin INTEGER NOT NULL, bus INTEGER NOT NULL, due INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, exhausted INTEGER NOT NULL, hops INTEGER NOT NULL,"
    " accepted INTEGER NOT NULL, age_from INTEGER NOT NULL, first_attempt INTEGER NOT NULL,"
    " last_attempt INTEGER NOT NULL, checksum INTEGER NOT NULL, event_id BLOB NOT NULL,"
    " rules BLOB NOT NULL, order_key BLOB NOT NULL, error_code BLOB NOT NULL,"
    " error_message BLOB NOT NULL, letter BLOB NOT NULL, event BLOB NOT NULL) STRICT;"
    "CREATE INDEX retry_due ON entry(target, due, id) WHERE kind=0;"
    "CREATE INDEX retry_key ON entry(target, order_key, id) WHERE kind=0 AND order_key<>x'';"
    "CREATE INDEX letter ON entry(target, id) WHERE kind=1;"
    "COMMIT;";

}  // namespace

SqlStatus prepare_schema(SqlConnection& connection, bool is_empty) {
  // A file that is not ours stays as it is: nothing is written before it was looked at.
  const char* first = is_empty ? "PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL;"
                                 "PRAGMA locking_mode=EXCLUSIVE"
                               : "PRAGMA locking_mode=EXCLUSIVE";
  if (SqlStatus status = connection.run(first); !status) return status;
  const auto tables = connection.number("SELECT count(*) FROM sqlite_master");
  if (!tables) return tables.error();
  const auto application = connection.number("PRAGMA application_id");
  if (!application) return application.error();
  const auto version = connection.number("PRAGMA user_version");
  if (!version) return version.error();
  const bool is_new = *tables == 0 && *application == 0;
  if (!is_new && *application != kApplication) {
    return SqlError{kForeignFile, "is a database of another program"};
  }
  if (!is_new && *version != kVersion) {
    return SqlError{kForeignFile, fmt::format("has format {}, this program knows {}: it was "
                                              "written by another version of weir",
                                              *version, kVersion)};
  }
  if (SqlStatus status = connection.run(kSettings); !status) return status;
  if (is_new) return connection.run(kTables);
  return Done{};
}

}  // namespace weir

#include "io/store/sql.h"

#include <sqlite3.h>

namespace weir {

bool is_damage(const SqlError& error) {
  const int primary = error.code & 0xff;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_FORMAT;
}

bool may_pass(const SqlError& error) {
  switch (error.code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return true;
    default:
      return false;
  }
}

void SqlStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

// A bind fails on misuse only, and then the step does, too.
SqlStatement& SqlStatement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}

SqlStatement& SqlStatement::bind(int index, std::string_view bytes) {
  // A null pointer would bind NULL.
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  sqlite3_bind_blob64(statement_.get(), index, data, bytes.size(), SQLITE_STATIC);
  return *this;
}

Result<bool, SqlError> SqlStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  sqlite3* connection = sqlite3_db_handle(statement_.get());
  SqlError error{sqlite3_extended_errcode(connection), sqlite3_errmsg(connection)};
  reset();
  return error;
}

SqlStatus SqlStatement::run() {
  for (;;) {
    const Result<bool, SqlError> row = step();
    if (!row) return row.error();
    if (!*row) return Done{};
  }
}

void SqlStatement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::int64_t SqlStatement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view SqlStatement::text(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int bytes = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const char*>(data), static_cast<std::size_t>(bytes)};
}

void SqlConnection::Close::operator()(sqlite3* connection) const {
  sqlite3_close_v2(connection);
}

Result<SqlConnection, SqlError> SqlConnection::open(const std::string& path) {
  sqlite3* raw = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  SqlConnection connection(raw);
  if (code == SQLITE_OK) return connection;
  if (raw == nullptr) return SqlError{code, sqlite3_errstr(code)};
  return connection.error();
}

SqlStatus SqlConnection::run(const char* sql) {
  if (sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return Done{};
  return error();
}

Result<SqlStatement, SqlError> SqlConnection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return error();
  return SqlStatement(statement);
}

Result<std::int64_t, SqlError> SqlConnection::number(std::string_view sql) {
  Result<SqlStatement, SqlError> statement = prepare(sql);
  if (!statement) return statement.error();
  const Result<bool, SqlError> row = statement->step();
  if (!row) return row.error();
  return *row ? statement->number(0) : 0;
}

SqlError SqlConnection::error() const {
  return {sqlite3_extended_errcode(connection_.get()), sqlite3_errmsg(connection_.get())};
}

std::int64_t SqlConnection::changes() const {
  return sqlite3_changes64(connection_.get());
}

bool SqlConnection::in_transaction() const {
  return sqlite3_get_autocommit(connection_.get()) == 0;
}

}  // namespace weir

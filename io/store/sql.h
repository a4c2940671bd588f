// A thin hold on SQLite: a connection and its prepared statements, closed by their destructors.
// Every call answers SQLite's own result code; error() has the words for the last failure.
//
// Threads: one at a time. Facts: https://www.sqlite.org/c3ref/intro.html
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace weir {

struct SqlError {
  int code = 0;  // extended result code
  std::string message;
};
using SqlStatus = Result<Done, SqlError>;

// The file is no database, or not a sound one.
bool is_damage(const SqlError& error);
// No space, or the disk fails: it may pass.
bool may_pass(const SqlError& error);

class SqlStatement {
 public:
  SqlStatement() = default;
  explicit SqlStatement(sqlite3_stmt* statement) : statement_(statement) {}

  // Parameters count from 1. Text must live until the next step() has returned.
  SqlStatement& bind(int index, std::int64_t value);
  SqlStatement& bind(int index, std::string_view bytes);
  // True: a row is there; false: the end, the statement is ready for the next use.
  Result<bool, SqlError> step();
  // To the end, whatever rows come.
  SqlStatus run();
  void reset();

  // Columns count from 0. Text lives until the next step() or reset().
  std::int64_t number(int column) const;
  std::string_view text(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class SqlConnection {
 public:
  // The file must be there, as a regular file: nothing is created and no link followed.
  static Result<SqlConnection, SqlError> open(const std::string& path);

  SqlStatus run(const char* sql);
  Result<SqlStatement, SqlError> prepare(std::string_view sql);
  Result<std::int64_t, SqlError> number(std::string_view sql);  // of the first row, 0 without one
  SqlError error() const;
  std::int64_t changes() const;  // rows of the last statement
  bool in_transaction() const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  explicit SqlConnection(sqlite3* connection) : connection_(connection) {}
  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace weir

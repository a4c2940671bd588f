// The tables of events.db, their versions, and the settings its connection runs with.
#pragma once

#include <cstdint>

#include "io/store/sql.h"

namespace weir {

// `kind` of a row of `entry`.
inline constexpr std::int64_t kRowRetry = 0;
inline constexpr std::int64_t kRowDeadLetter = 1;
inline constexpr std::int64_t kRowDamaged = 2;  // its checksum is wrong; kept, never given out

// `due` of a retry that waits behind an earlier one of its order key.
inline constexpr std::int64_t kParked = INT64_MAX;

// An empty file is given the tables. One of another version or program is refused and left as it
// is: SqlError with code kForeignFile.
inline constexpr int kForeignFile = -1;
SqlStatus prepare_schema(SqlConnection& connection, bool is_empty);

}  // namespace weir

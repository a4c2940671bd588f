#include "io/store/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "io/store/event_row.h"
#include "io/store/event_schema.h"

namespace weir {
namespace {

constexpr std::string_view kFileName = "events.db";
constexpr std::array<const char*, 3> kSuffixes = {"", "-wal", "-journal"};
constexpr std::size_t kSalvageBatch = 1000;

// SQLite follows no link in a path we give it, so links in the way to the directory are resolved.
Result<std::string> file_in(const std::string& data_dir) {
  std::array<char, PATH_MAX> resolved{};
  if (::realpath(data_dir.c_str(), resolved.data()) == nullptr) {
    return Error{fmt::format("'{}' cannot be opened: {}", data_dir, std::strerror(errno))};
  }
  return fmt::format("{}/{}", resolved.data(), kFileName);
}

void sync_folder_of(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

Status make_file(const std::string& path) {
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const int fd = ::open(path.c_str(), flags, 0600);
  if (fd >= 0) {
    ::close(fd);
    sync_folder_of(path);
    return Done{};
  }
  struct stat status {};
  if (errno == EEXIST && ::lstat(path.c_str(), &status) == 0) {
    if (S_ISREG(status.st_mode)) return Done{};
    return Error{fmt::format("'{}' is no regular file", path)};
  }
  return Error{fmt::format("'{}' cannot be made: {}", path, std::strerror(errno))};
}

SqlResult<std::unique_ptr<EventTable>> open_table(const std::string& path) {
  struct stat status {};
  const bool is_empty = ::stat(path.c_str(), &status) == 0 && status.st_size == 0;
  SqlResult<SqlConnection> connection = SqlConnection::open(path);
  if (!connection) return connection.error();
  SqlResult<std::unique_ptr<EventTable>> table = EventTable::open(std::move(*connection), is_empty);
  if (!table) return table;
  // No retry is due later than events may grow old.
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  SqlStatus bounded = (*table)->bound_due_times({Nanoseconds(now) + 24h});
  if (!bounded) return bounded.error();
  return table;
}

// Under a name that nobody has yet, with what belongs to it.
Result<std::string> set_aside(const std::string& path) {
  for (int number = 1; number < INT_MAX; ++number) {
    const std::string name = fmt::format("{}.damaged-{}", path, number);
    struct stat status {};
    if (::lstat(name.c_str(), &status) == 0) continue;
    for (const char* suffix : kSuffixes) {
      const std::string from = path + suffix;
      if (::rename(from.c_str(), (name + suffix).c_str()) == 0 || errno == ENOENT) continue;
      return Error{
          fmt::format("'{}' is damaged and cannot be set aside: {}", from, std::strerror(errno))};
    }
    sync_folder_of(path);
    return name;
  }
  return Error{fmt::format("'{}' is damaged and there are too many damaged ones already", path)};
}

// Reads the rows of a damaged file from both ends towards what cannot be read.
class Salvage {
 public:
  Salvage(SqlConnection& from, EventTable& into) : from_(from), into_(into) {}

  SqlStatus run() {
    read_names();
    if (SqlStatus status = into_.begin(); !status) return status;
    for (const char* direction : {"ASC", "DESC"}) {
      if (SqlStatus status = read(direction); !status) {
        into_.rollback();
        return status;
      }
    }
    return into_.commit();
  }
  std::uint64_t saved() const { return saved_; }

 private:
  void read_names() {
    SqlResult<SqlStatement> all = from_.prepare("SELECT id, text FROM name");
    if (!all) return;
    for (Result<bool, SqlError> row = all->step(); row && *row; row = all->step()) {
      names_.emplace(all->number(0), all->text(1));
    }
  }

  // Errors of reading end it, those of writing are told.
  SqlStatus read(const char* direction) {
    SqlResult<SqlStatement> rows = from_.prepare(fmt::format(
        "SELECT {} FROM entry WHERE id>{} ORDER BY id {}", kRowColumns, highest_, direction));
    if (!rows) return Done{};
    for (Result<bool, SqlError> row = rows->step(); row && *row; row = rows->step()) {
      const RowNames names = read_names_of_row(*rows);
      StoredEvent event;
      const bool sound = read_row_into(*rows, names_[names.bus], event);
      if (direction[0] == 'A') highest_ = event.id;
      event.target = names_[names.target];
      event.from = names_[names.origin];
      if (!sound || event.target.empty() || rows->number(1) == kRowDamaged) continue;
      if (event.due.since_epoch.count() == kParked) event.due = {};
      if (SqlStatus status = into_.take_over(event); !status) return status;
      if (++saved_ % kSalvageBatch != 0) continue;
      if (SqlStatus status = into_.commit(); !status) return status;
      if (SqlStatus status = into_.begin(); !status) return status;
    }
    return Done{};
  }

  SqlConnection& from_;
  EventTable& into_;
  std::map<std::int64_t, std::string> names_;
  EntryId highest_ = 0;
  std::uint64_t saved_ = 0;
};

// How many rows of the damaged file came over into the new one.
std::uint64_t salvage(const std::string& damaged, EventTable& into) {
  SqlResult<SqlConnection> from = SqlConnection::open(damaged);
  // It stays as it is, but for what SQLite does to open it.
  if (!from || !from->run("PRAGMA locking_mode=EXCLUSIVE; PRAGMA query_only=ON")) return 0;
  Salvage work(*from, into);
  static_cast<void>(work.run());
  return work.saved();
}

}  // namespace

Result<OpenedEvents> open_events(const std::string& data_dir) {
  const Result<std::string> path = file_in(data_dir);
  if (!path) return path.error();
  if (Status status = make_file(*path); !status) return status.error();
  SqlResult<std::unique_ptr<EventTable>> table = open_table(*path);
  if (!table && is_damage(table.error())) {
    return reopen_damaged_events(data_dir, table.error().message);
  }
  if (!table) return Error{fmt::format("'{}': {}", *path, table.error().message)};
  return OpenedEvents{.table = std::move(*table), .messages = {}};
}

Result<OpenedEvents> reopen_damaged_events(const std::string& data_dir, const std::string& reason) {
  const Result<std::string> path = file_in(data_dir);
  if (!path) return path.error();
  const Result<std::string> aside = set_aside(*path);
  if (!aside) return aside.error();
  if (Status status = make_file(*path); !status) return status.error();
  SqlResult<std::unique_ptr<EventTable>> table = open_table(*path);
  if (!table) return Error{fmt::format("'{}': {}", *path, table.error().message)};
  const std::uint64_t saved = salvage(*aside, **table);
  OpenedEvents opened{.table = std::move(*table), .messages = {}, .files_set_aside = 1};
  opened.messages.push_back(
      fmt::format("the store of retries and dead letters was damaged ({}): '{}' is set aside as "
                  "'{}', {} entries that could be read are kept",
                  reason, *path, *aside, saved));
  return opened;
}

bool has_events(const std::string& data_dir) {
  const Result<std::string> path = file_in(data_dir);
  return path && ::access(path->c_str(), F_OK) == 0;
}

}  // namespace weir

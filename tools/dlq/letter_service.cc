#include "tools/dlq/letter_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "core/wire/dead_letter.h"

namespace weir {
namespace {

// Letters a step: the store's thread is held for some milliseconds.
constexpr std::size_t kListStep = 100;
constexpr std::size_t kWorkStep = 1000;

class Service {
 public:
  using Emit = std::function<bool(std::string_view)>;
  Service(const LetterRequest& request, WallTime now, const LetterAccess& access, const Emit& emit)
      : request_(request), now_(now), access_(access), emit_(emit) {}

  Status list() {
    std::uint64_t left = request_.limit == 0 ? UINT64_MAX : request_.limit;
    while (left > 0) {
      const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(left, kListStep));
      std::vector<std::string> lines;
      bool again = false;  // damaged ones were found and marked, others may follow
      const Status status = run([&](EventTable& table) -> SqlStatus {
        const std::uint64_t damaged = table.damaged_rows();
        const auto letters = table.letters(request_.filter, after_, step, request_.with_events);
        if (!letters) return letters.error();
        for (std::size_t i = 0; i < (*letters)->size(); ++i) {
          after_ = (*letters)->at(i).id;
          append_dead_letter(lines.emplace_back(), (*letters)->at(i), request_.with_events);
        }
        again = table.damaged_rows() != damaged;
        return Done{};
      });
      if (!status || (lines.empty() && !again)) return status;
      for (const std::string& line : lines) {
        if (!emit_(line)) return Done{};
      }
      left -= lines.size();
    }
    return Done{};
  }

  Status change() {
    const bool redrives = request_.action == LetterRequest::Action::redrive;
    std::uint64_t total = 0;
    for (;;) {
      std::uint64_t count = 0;
      const Status status = run([&](EventTable& table) { return change_some(table, count); });
      if (!status) {
        return Error{fmt::format("{}; {} were {} before", status.error().message, total,
                                 redrives ? "redriven" : "dropped")};
      }
      if (count == 0) break;
      total += count;
      if (redrives) access_.redriven();
    }
    emit_(fmt::format("{{\"{}\":{}}}", redrives ? "redriven" : "dropped", total));
    return Done{};
  }

 private:
  SqlStatus change_some(EventTable& table, std::uint64_t& count) {
    EntryId after = after_;
    if (SqlStatus status = table.begin(); !status) return status;
    SqlResult<std::uint64_t> changed = request_.action == LetterRequest::Action::redrive
                                           ? table.redrive(request_.filter, after, now_, kWorkStep)
                                           : table.drop(request_.filter, after, kWorkStep);
    SqlStatus status = changed ? table.commit() : SqlStatus(changed.error());
    if (!status) {
      table.rollback();
      return status;
    }
    count = *changed;
    after_ = after;
    return Done{};
  }

  Status run(const std::function<SqlStatus(EventTable&)>& step) {
    SqlStatus outcome = Done{};
    if (!access_.run([&](EventTable& table) { outcome = step(table); })) {
      return Error{"the store of dead letters is closed"};
    }
    if (!outcome) {
      return Error{fmt::format("the store of dead letters: {}", outcome.error().message)};
    }
    return Done{};
  }

  const LetterRequest& request_;
  const WallTime now_;
  const LetterAccess& access_;
  const Emit& emit_;
  EntryId after_ = 0;
};

}  // namespace

Status serve_letters(const LetterRequest& request, WallTime now, const LetterAccess& access,
                     const std::function<bool(std::string_view line)>& emit) {
  Service service(request, now, access, emit);
  return request.action == LetterRequest::Action::ls ? service.list() : service.change();
}

}  // namespace weir

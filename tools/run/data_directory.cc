#include "tools/run/data_directory.h"

#include <cerrno>
#include <limits>
#include <utility>

#include "io/ring/clock.h"
#include "tools/dlq/letter_request.h"
#include "tools/dlq/letter_service.h"

namespace weir {

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(const Catalog& catalog, Tell tell) {
  std::unique_ptr<DataDirectory> directory(new DataDirectory(catalog.data_dir));
  DataDirectory& self = *directory;
  const std::string what = "data_dir " + self.path_ + ": ";
  if (auto made = self.disk_.make_directories(self.path_); !made) {
    return Error{what + made.error().message};
  }
  auto lock = self.disk_.lock(self.path_ + "/lock");
  if (!lock) {
    if (lock.error().code != EWOULDBLOCK) return Error{what + lock.error().message};
    return Error{what + "another process uses it; stop that one, or give this one its own"};
  }
  self.lock_ = std::move(lock).value();
  auto recovered = recover_buses(self.disk_, catalog);
  if (!recovered) return Error{what + recovered.error().message};
  self.recovered_ = std::move(recovered).value();
  for (const std::string& message : self.recovered_.messages) tell(message);
  auto store = EventStoreThread::open(self.path_, std::move(tell));
  if (!store) return Error{what + store.error().message};
  self.store_ = std::move(store).value();
  return directory;
}

DataDirectory::~DataDirectory() {
  stop();
}

Status DataDirectory::start(const Now& now, Logs& logs) {
  logs_ = &logs;
  clock_ = SteadyClock(now);
  store_->start();
  auto control =
      ControlServer::open(path_, [this](const std::string& request, const ControlEmit& emit) {
        return answer(request, emit);
      });
  if (!control) return control.error();
  control_ = std::move(control).value();
  return Done{};
}

void DataDirectory::stop() {
  if (control_ != nullptr) control_->stop();
  if (store_ != nullptr) store_->stop();
}

std::uint64_t DataDirectory::free_space() {
  const auto space = disk_.free_space(path_);
  return space ? *space : std::numeric_limits<std::uint64_t>::max();
}

SqlStatus DataDirectory::read_store(LogState& state) {
  SqlStatus read = Done{};
  store_->run([&](EventTable& table) {
    const auto totals = table.totals();
    if (totals) {
      state.stored = stored_of(*totals);
    } else {
      read = totals.error();
    }
  });
  return read;
}

Status DataDirectory::answer(const std::string& request, const ControlEmit& emit) {
  if (is_log_request(request)) return answer_of_logs(request, emit);
  if (!is_letter_request(request)) return Error{"the router knows no such request"};
  auto letters = read_letter_request(request);
  if (!letters) return letters.error();
  const LetterAccess access{
      .run = [this](const std::function<void(EventTable&)>& step) { return store_->run(step); },
      .redriven = [this] { store_->note_redrive(); }};
  return serve_letters(*letters, clock_.at(read_clock().monotonic), access, emit);
}

Status DataDirectory::answer_of_logs(const std::string& request, const ControlEmit& emit) {
  const auto asked = read_log_request(request);
  if (!asked) return asked.error();
  if (asked->action == LogRequest::Action::forget) {
    if (Status status = logs_->forget_target(asked->target); !status) return status;
    emit(forgotten_line(asked->target));
    return Done{};
  }
  Result<LogState> state = logs_->log_state();
  if (!state) return state.error();
  if (SqlStatus read = read_store(*state); !read) {
    return Error{"the store of retries: " + read.error().message};
  }
  emit(to_json(*state));
  return Done{};
}

}  // namespace weir

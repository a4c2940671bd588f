#include "core/log/segment_preparer.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/base/check.h"
#include "core/log/record.h"

namespace weir {

SegmentPreparer::SegmentPreparer(Port& port, std::string path, std::uint64_t bytes,
                                 Token token_base)
    : port_(port), path_(std::move(path)), bytes_(padded(bytes)), base_(token_base) {}

std::size_t SegmentPreparer::want(const Now& now) {
  if (state_ != State::none || now.monotonic < again_) return 0;
  state_ = State::working;
  file_ = {.handle = {}, .bytes = bytes_};
  return begin(Op::open);
}

std::size_t SegmentPreparer::begin(Op op) {
  const Token token = base_ + static_cast<Token>(op);
  switch (op) {
    case Op::open:
      port_.open(path_, {.kind = OpenMode::Kind::create_new, .direct = direct_}, token);
      break;
    case Op::clear:
    case Op::give_up:
      port_.remove(path_, token);
      break;
    case Op::allocate:
      port_.allocate(file_.handle, file_.bytes, token);
      break;
    case Op::extend:
      port_.truncate(file_.handle, file_.bytes, token);
      break;
    case Op::sync:
      port_.sync(file_.handle, token);
      break;
  }
  return 1;
}

std::size_t SegmentPreparer::complete(const Completion& completion, const Now& now) {
  const auto op = static_cast<Op>(completion.token - base_);
  const std::int64_t result = completion.result;
  switch (op) {
    case Op::open:
      if (result >= 0) {
        file_.handle = Handle{static_cast<std::int32_t>(result)};
        return begin(Op::allocate);
      }
      if (result == -EINVAL && direct_) {
        direct_ = false;
        return begin(Op::clear);
      }
      if (result == -EEXIST) return begin(Op::clear);
      return fail(result, now);
    case Op::clear:
      if (result < 0 && result != -ENOENT) return fail(result, now);
      return begin(Op::open);
    case Op::allocate:
      if (result == 0) return begin(Op::sync);
      if (result == -EOPNOTSUPP) return begin(Op::extend);
      if (result == -ENOSPC && file_.bytes / 2 >= kBytesMin) {
        file_.bytes = padded(file_.bytes / 2);
        return begin(Op::allocate);
      }
      return fail(result, now);
    case Op::extend:
      return result == 0 ? begin(Op::sync) : fail(result, now);
    case Op::sync:
      if (result != 0) return fail(result, now);
      state_ = State::ready;
      error_ = 0;
      return 0;
    case Op::give_up:
      state_ = State::none;
      return 0;
  }
  return 0;
}

std::size_t SegmentPreparer::fail(std::int64_t error, const Now& now) {
  error_ = error;
  again_ = now.monotonic + kRetryAfter;
  if (!file_.handle.valid()) {
    state_ = State::none;
    return 0;
  }
  close();
  state_ = State::working;
  return begin(Op::give_up);  // it holds space
}

SegmentFile SegmentPreparer::take() {
  WEIR_CHECK(ready());
  state_ = State::none;
  return std::exchange(file_, {});
}

void SegmentPreparer::put_back(SegmentFile file) {
  WEIR_CHECK(state_ == State::none);
  file_ = file;
  state_ = State::ready;
}

void SegmentPreparer::close() {
  if (file_.handle.valid()) port_.close(file_.handle);
  file_.handle = {};
  state_ = State::none;
}

}  // namespace weir

#include "tools/match/event_feed.h"

#include <string_view>
#include <utility>

namespace weir {
namespace {

// The reader takes globs; here a name is a name.
std::string without_glob(const std::string& path) {
  if (path.find_first_of("*?[") == std::string::npos) return path;
  std::string escaped;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

class EventFeed::Sink final : public ByteSink {
 public:
  explicit Sink(EventFeed& feed) : feed_(feed) {}

  bool consume(std::span<const char> bytes) override {
    switch (feed_.carver_.consume({bytes.data(), bytes.size()})) {
      case BlockCarver::Outcome::more:
        return true;
      case BlockCarver::Outcome::line_too_long:
        feed_.problem_ = Error{"a line is longer than 1 GiB"};
        return false;
      case BlockCarver::Outcome::ended:
        return false;
    }
    return false;
  }
  void fail(const Error& error) override { feed_.problem_ = error; }
  void end() override {}

 private:
  EventFeed& feed_;
};

class EventFeed::Sinks final : public ByteSinkFactory {
 public:
  explicit Sinks(EventFeed& feed) : feed_(feed) {}
  std::unique_ptr<ByteSink> open(const std::string& /*label*/) override {
    return std::make_unique<Sink>(feed_);
  }

 private:
  EventFeed& feed_;
};

EventFeed::EventFeed(BlockLine& line, std::size_t block_bytes)
    : line_(line),
      carver_(
          block_bytes, [&line] { return line.make(); },
          [&line](std::unique_ptr<TextBlock> block) { return line.push(std::move(block)); }),
      sinks_(std::make_unique<Sinks>(*this)) {}

EventFeed::~EventFeed() = default;

Result<std::unique_ptr<EventFeed>> EventFeed::open(const std::string& path, BlockLine& line,
                                                   std::size_t block_bytes) {
  std::unique_ptr<EventFeed> feed(new EventFeed(line, block_bytes));
  auto reader = FileReader::open({.path = without_glob(path)}, *feed->sinks_);
  if (!reader) return reader.error();
  feed->reader_ = std::move(reader).value();
  return feed;
}

void EventFeed::start() {
  closer_ = std::jthread([this] {
    reader_->start();
    reader_->join();
    if (!problem_ && !reader_->errors().empty()) problem_ = reader_->errors().front();
    carver_.finish(!problem_);
    line_.close();
  });
}

void EventFeed::join() {
  if (closer_.joinable()) closer_.join();
}

}  // namespace weir

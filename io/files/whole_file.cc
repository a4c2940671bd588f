#include "io/files/whole_file.h"

#include <vector>

#include "io/files/input.h"
#include "io/files/stream_reader.h"

namespace weir {
namespace {

class Collector final : public ByteSink {
 public:
  bool consume(std::span<const char> bytes) override {
    contents.bytes.append(bytes.data(), bytes.size());
    return true;
  }
  void fail(const Error& error) override { contents.damage = error; }
  void end() override {}
  FileContents contents;
};

}  // namespace

Result<FileContents> read_file_contents(const std::string& path) {
  Result<Input> input = Input::open(path);
  if (!input) return input.error();
  Collector collector;
  if (input->regular()) collector.contents.bytes.reserve(input->size());
  const StopLine never;
  std::vector<char> buffer(kReadBytes);
  read_stream(*input, collector, never, buffer);
  return std::move(collector.contents);
}

Result<std::string> read_whole_file(const std::string& path) {
  Result<FileContents> contents = read_file_contents(path);
  if (!contents) return contents.error();
  if (contents->damage.has_value()) return *contents->damage;
  return std::move(contents->bytes);
}

}  // namespace weir

// main() of a fuzz target built without libFuzzer: feeds it the empty input, every file named on
// the command line or found in a folder named there, and then seeded mutations of those. What once
// broke stays tested by any compiler, and the same inputs come in each run.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"

// The name and the types are libFuzzer's.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kMutations = 20000;
constexpr std::size_t kInputBytesMax = 16384;  // of a mutated input

void run(std::string_view text) {
  // A copy of exactly this size, so that a sanitizer sees the first byte read beyond it.
  std::vector<std::uint8_t> bytes(text.begin(), text.end());
  bytes.shrink_to_fit();
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> read_inputs(int argc, char** argv) {
  std::vector<std::filesystem::path> paths;
  for (int i = 1; i < argc; ++i) {
    const std::filesystem::path given = argv[i];
    if (std::filesystem::is_directory(given)) {
      for (const auto& entry : std::filesystem::directory_iterator(given)) {
        if (entry.is_regular_file()) paths.push_back(entry.path());
      }
    } else if (std::filesystem::is_regular_file(given)) {
      paths.push_back(given);
    }
  }
  std::sort(paths.begin(), paths.end());  // a folder lists its files in any order
  std::vector<std::string> inputs = {""};
  for (const auto& path : paths) inputs.push_back(read_file(path));
  return inputs;
}

std::size_t place(weir::Random& random, const std::string& text) {
  return static_cast<std::size_t>(random.below(text.size() + 1));
}

// One small change: what hostile and broken peers do to bytes.
void mutate(weir::Random& random, const std::vector<std::string>& inputs, std::string& text) {
  static constexpr std::string_view kTelling = "{}[]\",:\\ \n\r-0129.eE+\t/*?$#'";
  const std::size_t at = place(random, text);
  switch (random.below(8)) {
    case 0:  // a byte that means something
      text.insert(at, 1, kTelling[static_cast<std::size_t>(random.below(kTelling.size()))]);
      break;
    case 1:  // any byte
      text.insert(at, 1, static_cast<char>(random.below(256)));
      break;
    case 2:
      if (at < text.size()) text[at] = static_cast<char>(random.below(256));
      break;
    case 3:
      if (at < text.size()) text[at] ^= static_cast<char>(1U << random.below(8));
      break;
    case 4:
      text.erase(at, static_cast<std::size_t>(random.below(16)));
      break;
    case 5:  // cut
      text.resize(at);
      break;
    case 6:  // repeat a part
      text.insert(place(random, text), text.substr(at, static_cast<std::size_t>(random.below(64))));
      break;
    default: {  // a part of another input
      const std::string& other = inputs[static_cast<std::size_t>(random.below(inputs.size()))];
      text.insert(at,
                  other.substr(place(random, other), static_cast<std::size_t>(random.below(99))));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> inputs = read_inputs(argc, argv);
  for (const std::string& input : inputs) run(input);
  weir::Random random(1);
  for (std::size_t i = 0; i < kMutations; ++i) {
    std::string text = inputs[static_cast<std::size_t>(random.below(inputs.size()))];
    text.resize(std::min(text.size(), kInputBytesMax));
    for (std::uint64_t changes = 1 + random.below(6); changes > 0; --changes) {
      mutate(random, inputs, text);
    }
    run(text);
  }
  std::printf("%zu inputs and %zu mutations passed\n", inputs.size(), kMutations);
  return 0;
}

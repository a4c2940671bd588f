#include "tests/e2e/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace weir::e2e {
namespace {

constexpr std::chrono::milliseconds kLook{3};
constexpr rlim_t kFileBytesMax = rlim_t{1} << 30U;

// Between fork and exec: only calls that are safe there.
[[noreturn]] void become_weir(const ProcessOptions& options, const std::string& output,
                              const std::string& errors, char* const* arguments,
                              char* const* environment) {
  const char* input = options.input.empty() ? "/dev/null" : options.input.c_str();
  const int in = open(input, O_RDONLY);
  const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err = open(errors.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_TRUNC, 0600);
  dup2(in, 0);
  dup2(out, 1);
  dup2(err, 2);
  if (options.descriptors_max > 0) {
    const rlimit limit{options.descriptors_max, options.descriptors_max};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  // Whatever becomes of the test, nothing runs on and nothing fills the disk.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit file_size{kFileBytesMax, kFileBytesMax};
  setrlimit(RLIMIT_FSIZE, &file_size);
  closefrom(3);
  execve(WEIR_PROGRAM, arguments, environment);
  _exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_with(const std::vector<std::string>& more) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) all.emplace_back(*entry);
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// Whole lines only: the last one may still be being written.
std::vector<Listening> find_listening(const std::string& text) {
  constexpr std::string_view kStart = "listening on ";
  constexpr std::string_view kSource = ", source ";
  std::vector<Listening> found;
  std::string_view rest = text;
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    const std::size_t at = line.find(kStart);
    if (at == std::string_view::npos) continue;
    line.remove_prefix(at + kStart.size());
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) continue;
    Listening place;
    place.kind = line.substr(0, space);
    line.remove_prefix(space + 1);
    const std::size_t comma = line.find(kSource);
    place.address = line.substr(0, comma);
    if (comma != std::string_view::npos) place.source = line.substr(comma + kSource.size());
    found.push_back(place);
  }
  return found;
}

}  // namespace

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

std::string read_file(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::uint64_t file_size(const std::string& path) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(path, missing);
  return missing ? 0 : size;
}

void write_file(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  EXPECT_TRUE(file.flush().good()) << path;
}

Json read_json(const std::string& path) {
  const Json json = Json::parse(read_file(path), nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << path << " is not there or not JSON";
  return json.is_discarded() ? Json() : json;
}

std::string command_output(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << command << ": " << std::strerror(errno);
    return {};
  }
  std::string text;
  std::array<char, 65536> buffer{};
  for (std::size_t got = 1; got > 0;) {
    got = std::fread(buffer.data(), 1, buffer.size(), pipe);
    text.append(buffer.data(), got);
  }
  EXPECT_EQ(pclose(pipe), 0) << command;
  return text;
}

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "weir-e2e-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << std::strerror(errno);
  path_ = pattern;
}

TempDir::~TempDir() {
  if (testing::Test::HasFailure()) {
    fprintf(stderr, "kept for a look: %s\n", path_.c_str());
    return;
  }
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::uint16_t Listening::port() const {
  std::uint16_t port = 0;
  const std::string_view text = std::string_view(address).substr(address.rfind(':') + 1);
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port;
}

Process::Process(const TempDir& directory, std::string name,
                 const std::vector<std::string>& arguments, const ProcessOptions& options)
    : name_(std::move(name)),
      output_(directory.file(name_ + ".out")),
      errors_(directory.file(name_ + ".err")) {
  std::vector<std::string> words = {WEIR_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = environment_with(options.environment);
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> envp = pointers(variables);
  std::error_code ignored;  // of an earlier process of the same name
  std::filesystem::remove(errors_, ignored);
  pid_ = fork();
  if (pid_ == 0) become_weir(options, output_, errors_, argv.data(), envp.data());
  EXPECT_GT(pid_, 0) << std::strerror(errno);
}

Process::~Process() {
  if (!running()) return;
  signal(SIGKILL);
  signal(SIGCONT);
  take_end(0);
}

void Process::take_end(int flags) {
  if (ended_ || pid_ <= 0) return;
  int status = 0;
  if (waitpid(pid_, &status, flags) != pid_) return;
  ended_ = true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool Process::running() {
  take_end(WNOHANG);
  return pid_ > 0 && !ended_;
}

void Process::signal(int number) {
  if (running()) kill(pid_, number);
}

int Process::wait() {
  if (!eventually([&] { return !running(); })) {
    ADD_FAILURE() << name_ << " has not ended; it said:\n" << errors();
  }
  return exit_code_;
}

bool Process::says(std::string_view text) {
  const auto said = [&] { return errors().find(text) != std::string::npos; };
  const bool heard = eventually([&] { return said() || !running(); }) && said();
  if (!heard) ADD_FAILURE() << name_ << " never says '" << text << "' but:\n" << errors();
  return heard;
}

std::vector<Listening> Process::listening(std::size_t count) {
  std::vector<Listening> found;
  const auto all = [&] {
    found = find_listening(errors());
    return found.size() >= count;
  };
  if (!eventually([&] { return all() || !running(); }) || !all()) {
    ADD_FAILURE() << name_ << " does not listen; it said:\n" << errors();
  }
  found.resize(count);
  return found;
}

int run_to_end(const TempDir& directory, const std::string& name,
               const std::vector<std::string>& arguments, const ProcessOptions& options) {
  return Process(directory, name, arguments, options).wait();
}

}  // namespace weir::e2e

// Real processes for end-to-end tests: the built `weir` program, started in a directory of its own,
// watched by what it prints, stopped by signals, and never left behind.
//
// One thread. What goes wrong in the harness itself (no start, no end in time) is a test failure
// that shows what the process said. Waiting is by condition; kPatience only bounds a hang and is
// long enough for sanitizer builds on a busy machine. No test passes or fails by how long it took.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace weir::e2e {

using Json = nlohmann::ordered_json;

inline constexpr std::chrono::seconds kPatience{90};

// True as soon as `condition` is; false after kPatience.
bool eventually(const std::function<bool()>& condition);

std::string read_file(const std::string& path);    // empty if it is not there
std::uint64_t file_size(const std::string& path);  // 0 if it is not there
void write_file(const std::string& path, std::string_view text);
Json read_json(const std::string& path);  // a test failure and null if it is not there or not JSON

// What a command of the shell prints, for the tools that tests check against (gzip, zstd). Fails
// the test if the command does.
std::string command_output(const std::string& command);

// A new directory that goes with everything in it, unless the test failed.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct ProcessOptions {
  std::string input;                     // a file for standard input; empty: /dev/null
  std::vector<std::string> environment;  // NAME=VALUE, beside the inherited ones
  std::uint64_t descriptors_max = 0;     // limits; 0: inherited
};

// A place that a process says it listens on: "listening on tcp 127.0.0.1:7000, source flow".
struct Listening {
  std::string kind;     // tcp, unix
  std::string address;  // 127.0.0.1:7000, a path
  std::string source;   // empty where none is named
  std::uint16_t port() const;
};

// The exit code of a process ended by a signal is its negative number.
inline constexpr int kNotEnded = 1000;

class Process {
 public:
  // Starts `weir ARGUMENTS...`; its output goes to NAME.out and NAME.err in the directory.
  Process(const TempDir& directory, std::string name, const std::vector<std::string>& arguments,
          const ProcessOptions& options = {});
  ~Process();  // kills it if it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  bool running();
  void signal(int number);
  // Its exit code; kNotEnded and a test failure after kPatience.
  int wait();
  int pid() const { return pid_; }

  std::string output() const { return read_file(output_); }
  std::string errors() const { return read_file(errors_); }
  // Waits until standard error holds `text`; a test failure if it never does.
  bool says(std::string_view text);
  // The first `count` places it listens on, waiting for them.
  std::vector<Listening> listening(std::size_t count);

 private:
  void take_end(int flags);

  std::string name_;
  std::string output_;
  std::string errors_;
  pid_t pid_ = -1;
  bool ended_ = false;
  int exit_code_ = kNotEnded;
};

// Starts weir, waits for its end, returns the exit code; what it printed is in NAME.out, NAME.err.
int run_to_end(const TempDir& directory, const std::string& name,
               const std::vector<std::string>& arguments, const ProcessOptions& options = {});

}  // namespace weir::e2e

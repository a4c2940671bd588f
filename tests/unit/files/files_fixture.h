// Files to read and sinks that remember what they were given.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/base/random.h"
#include "io/files/byte_sink.h"
#include "io/files/compressor.h"

namespace weir {

class FilesFixture : public ::testing::Test {
 protected:
  FilesFixture() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-files-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) directory_ = name;
  }
  ~FilesFixture() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }

  std::string put(const std::string& name, std::string_view bytes) const {
    std::ofstream file(path(name), std::ios::binary | std::ios::trunc);
    file << bytes;
    return path(name);
  }
  void append(const std::string& name, std::string_view bytes) const {
    std::ofstream file(path(name), std::ios::binary | std::ios::app);
    file << bytes;
  }
  static std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  // The bytes of `text` compressed by our own compressor.
  std::string compressed(std::string_view text, Compression compression) const {
    const std::string plain = put("to-compress", text);
    const Result<std::string> made = compress_file(plain, compression);
    EXPECT_TRUE(made.ok());
    const std::string bytes = bytes_of(made.value());
    std::filesystem::remove(made.value());
    return bytes;
  }

  static std::string lines(std::size_t count, std::uint64_t seed = 1) {
    Random random(seed);
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      text +=
          "{\"n\":" + std::to_string(i) + ",\"r\":" + std::to_string(random.below(1000000)) + "}\n";
    }
    return text;
  }

  std::string directory_;
};

// Remembers every file it was given; may be watched from another thread.
class Memory final : public ByteSinkFactory {
 public:
  struct File {
    std::string label;
    std::string bytes;
    std::optional<std::string> failure;
    int idles = 0;
    int ends = 0;
  };

  std::unique_ptr<ByteSink> open(const std::string& label) override {
    const std::lock_guard lock(mutex_);
    files_.push_back(std::make_unique<File>());
    files_.back()->label = label;
    return std::make_unique<Sink>(*this, *files_.back());
  }

  std::vector<File> files() const {
    const std::lock_guard lock(mutex_);
    std::vector<File> copy;
    for (const auto& file : files_) copy.push_back(*file);
    return copy;
  }

  // Waits until it holds; false when that takes too long.
  bool wait_until(const std::function<bool(const std::vector<File>&)>& holds) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!holds(files())) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }
  bool wait_for_bytes(const std::string& text) const {
    return wait_until([&](const std::vector<File>& files) {
      std::string all;
      for (const File& file : files) all += file.bytes;
      return all == text;
    });
  }

 private:
  class Sink final : public ByteSink {
   public:
    Sink(Memory& memory, File& file) : memory_(memory), file_(file) {}
    bool consume(std::span<const char> bytes) override {
      const std::lock_guard lock(memory_.mutex_);
      file_.bytes.append(bytes.data(), bytes.size());
      return true;
    }
    void idle() override {
      const std::lock_guard lock(memory_.mutex_);
      ++file_.idles;
    }
    void fail(const Error& error) override {
      const std::lock_guard lock(memory_.mutex_);
      EXPECT_EQ(0, file_.ends);
      file_.failure = error.message;
    }
    void end() override {
      const std::lock_guard lock(memory_.mutex_);
      ++file_.ends;
    }

   private:
    Memory& memory_;
    File& file_;
  };

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<File>> files_;
};

}  // namespace weir

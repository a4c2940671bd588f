#include "tools/common/report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace weir {

Status write_report(const std::string& path, const Report& report) {
  // Names may hold bytes that are not UTF-8; they are replaced rather than thrown on.
  const std::string text = report.dump(2, ' ', false, Report::error_handler_t::replace) + "\n";
  const auto failed = [&](const char* what) {
    return Error{fmt::format("cannot {} report '{}': {}", what, path, std::strerror(errno))};
  };
  if (path == "-") {
    const bool whole = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (!whole || std::fflush(stdout) != 0) return failed("print");
    return Done{};
  }
  const std::string draft = fmt::format("{}.{}.tmp", path, getpid());
  std::FILE* file = std::fopen(draft.c_str(), "we");
  if (file == nullptr) return failed("create");
  const bool whole = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if ((std::fclose(file) != 0) || !whole) {
    const Error error = failed("write");
    std::remove(draft.c_str());
    return error;
  }
  if (std::rename(draft.c_str(), path.c_str()) != 0) {
    const Error error = failed("rename");
    std::remove(draft.c_str());
    return error;
  }
  return Done{};
}

Report quantiles(const Histogram& histogram) {
  return Report{{"count", histogram.count()},         {"p50", histogram.quantile(0.5)},
                {"p90", histogram.quantile(0.9)},     {"p99", histogram.quantile(0.99)},
                {"p99.9", histogram.quantile(0.999)}, {"max", histogram.max()}};
}

}  // namespace weir

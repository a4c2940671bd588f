#include "io/run/pieces.h"

#include <algorithm>
#include <system_error>
#include <thread>
#include <vector>

#include "core/sync/counter.h"
#include "io/run/loop.h"

namespace weir {

void run_pieces(std::size_t count, const std::function<void(std::size_t)>& piece) {
  SharedCounter next;
  const auto work = [&] {
    for (std::size_t i = next.fetch_add(); i < count; i = next.fetch_add()) piece(i);
  };
  std::vector<std::thread> helpers;
  const std::size_t threads = std::min(count, usable_processors().size());
  for (std::size_t i = 1; i < threads; ++i) {
    try {
      helpers.emplace_back(work);
    } catch (const std::system_error&) {
      break;  // no more threads to be had
    }
  }
  work();
  for (std::thread& helper : helpers) helper.join();
}

}  // namespace weir

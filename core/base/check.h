// Invariants that stay on in release builds.
//
// WEIR_CHECK guards blocks, batches and state changes; it is cheap at that granularity and ends the
// process with the place and the reason. WEIR_DCHECK guards loops that run per event and exists
// only in builds without NDEBUG. Neither is for input: bad input is an error value, never a failed
// check.
#pragma once

namespace weir {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace weir

#define WEIR_CHECK(condition)                   \
  (__builtin_expect(!!(condition), 1) ? (void)0 \
                                      : ::weir::check_failed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define WEIR_DCHECK(condition) ((void)0)
#else
#define WEIR_DCHECK(condition) WEIR_CHECK(condition)
#endif

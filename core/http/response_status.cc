#include "core/http/response_status.h"

namespace weir {

StatusVerdict judge_status(int status) {
  if (status >= 200 && status <= 299) return StatusVerdict::delivered;
  if (status >= 300 && status <= 399) return StatusVerdict::elsewhere;
  switch (status) {
    case 401:
    case 407:
    case 408:
    case 409:
    case 421:
    case 425:
    case 429:
      return StatusVerdict::again;
    default:
      return status >= 400 && status <= 499 ? StatusVerdict::refused : StatusVerdict::again;
  }
}

}  // namespace weir

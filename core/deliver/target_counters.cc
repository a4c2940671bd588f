#include "core/deliver/target_counters.h"

namespace weir {

std::string_view to_string(TargetState state) {
  switch (state) {
    case TargetState::idle:
      return "idle";
    case TargetState::connecting:
      return "connecting";
    case TargetState::connected:
      return "connected";
    case TargetState::reconnecting:
      return "reconnecting";
    case TargetState::retired:
      return "retired";
  }
  return "unknown";
}

std::string_view to_string(DropReason reason) {
  switch (reason) {
    case DropReason::refused:
      return "refused";
    case DropReason::retries:
      return "retries";
    case DropReason::age:
      return "age";
    case DropReason::stopped:
      return "stopped";
    case DropReason::count_:
      break;
  }
  return "";
}

}  // namespace weir

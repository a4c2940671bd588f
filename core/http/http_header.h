// HttpHeader: one line of a head, as it came, less the blanks around the value.
#pragma once

#include <string_view>

namespace weir {

// Values of one name are not joined. Views into the head.
struct HttpHeader {
  std::string_view name;
  std::string_view value;
};

}  // namespace weir

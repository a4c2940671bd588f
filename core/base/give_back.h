// Empties a string and gives its memory back. Assigning an empty string does not: the library keeps
// the memory for the next text.
#pragma once

#include <string>

namespace weir {

inline void give_back(std::string& text) {
  std::string().swap(text);
}

}  // namespace weir

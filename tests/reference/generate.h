// Random patterns and events over one small vocabulary, so that they often meet: all operators,
// arrays of objects, odd escapes, many spellings of one number, addresses, repeated names. Some
// parts are made up instead of picked: letters of many cases, spellings of addresses and of doubles
// at the edge of what can be compared, wildcards, events of many values.
#pragma once

#include <string>

#include "core/base/random.h"

namespace weir::reference {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::string pattern();                 // JSON text, mostly valid
  std::string pattern_of_one_field();    // all of these ask about the same field, "a"
  std::string event();                   // JSON text of an object, one line
  std::string broken(std::string text);  // the same with a few bytes changed; no line ends

  Random& random() { return random_; }

 private:
  bool one_in(std::uint64_t n) { return random_.below(n) == 0; }
  template <std::size_t N>
  std::string pick(const char* const (&list)[N]) {
    return list[random_.below(N)];
  }
  std::string quoted(const std::string& json_text);
  std::string name();
  std::string text();  // characters in JSON spelling, without quotes
  std::string number();
  std::string wildcard();
  std::string block();
  std::string made_up_name();
  std::string made_up_text();
  std::string made_up_address();
  std::string made_up_number();
  std::string respelled(const std::string& digits, std::int64_t exponent);
  std::string many_values();
  std::string space();
  std::string argument();  // a string, mostly
  std::string expression();
  std::string anything_but();
  std::string numeric();
  std::string condition();
  std::string fields(int depth);
  std::string object(int depth);
  std::string value(int depth);

  Random random_;
};

}  // namespace weir::reference

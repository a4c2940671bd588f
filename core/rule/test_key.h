// The bytes that stand for one ValueTest: equal for equal tests, and enough to build from, so that
// a set of many rules holds no ValueTest of each while it is built.
//
// Pure functions, any thread. A TestView refers to the key.
#pragma once

#include <string>
#include <string_view>

#include "core/rule/pattern.h"

namespace weir::engine {

struct TestView {
  ValueTest::Kind kind = ValueTest::Kind::text;
  std::string_view text;
  NumberKey first_number = 0;
  NumberKey last_number = 0;
  AddressRange addresses;
};

void append_test_key(const ValueTest& test, std::string& out);
TestView read_test_key(std::string_view key);
// Whether the key of a range of numbers stands for one without an upper or without a lower end.
bool open_range(std::string_view key);
inline ValueTest::Kind test_kind(std::string_view key) {
  return static_cast<ValueTest::Kind>(key.front());
}

}  // namespace weir::engine

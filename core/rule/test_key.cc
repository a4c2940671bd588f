#include "core/rule/test_key.h"

#include "core/rule/json_text.h"

namespace weir::engine {
namespace {

using Kind = ValueTest::Kind;

void append_number(std::string& out, std::uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append_address(std::string& out, const Address& address) {
  out.push_back(address.v6 ? '\1' : '\0');
  append_number(out, address.high);
  append_number(out, address.low);
}

constexpr std::size_t kAddressBytes = 17;

Address read_address(const char* from) {
  return {*from != '\0', load_u64(from + 1), load_u64(from + 9)};
}

}  // namespace

void append_test_key(const ValueTest& test, std::string& out) {
  out.push_back(static_cast<char>(test.kind));
  if (test.kind == Kind::number || test.kind == Kind::number_range) {
    append_number(out, test.first_number);
    append_number(out, test.last_number);
  } else if (test.kind == Kind::address_range) {
    append_address(out, test.addresses.first);
    append_address(out, test.addresses.last);
  } else {
    out += test.text;
  }
}

TestView read_test_key(std::string_view key) {
  TestView view;
  view.kind = test_kind(key);
  key.remove_prefix(1);
  if (view.kind == Kind::number || view.kind == Kind::number_range) {
    view.first_number = load_u64(key.data());
    view.last_number = load_u64(key.data() + 8);
  } else if (view.kind == Kind::address_range) {
    view.addresses = {read_address(key.data()), read_address(key.data() + kAddressBytes)};
  } else {
    view.text = key;
  }
  return view;
}

bool open_range(std::string_view key) {
  return load_u64(key.data() + 1) == number_key_lowest() ||
         load_u64(key.data() + 9) == number_key_largest();
}

}  // namespace weir::engine

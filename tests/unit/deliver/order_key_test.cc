#include "core/deliver/order_key.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(OrderKey, FindsTheValueAtThePath) {
  const std::string event = R"({"a":{"x":[{"id":1}],"id":"k1"},"id":-2.5e3,"t":true,"n":null})";
  EXPECT_EQ(order_key(event, {"a", "id"}), "k1");
  EXPECT_EQ(order_key(event, {"id"}), "-2.5e3");
  EXPECT_EQ(order_key(event, {"t"}), "true");
  EXPECT_EQ(order_key(event, {"n"}), "null");
  EXPECT_EQ(order_key(R"( { "i\u0064" : "v" } )", {"id"}), "v");
  EXPECT_EQ(order_key(R"({"id":"a\"b"})", {"id"}), R"(a\"b)");
}

TEST(OrderKey, IsEmptyWhereThereIsNone) {
  const std::string event = R"({"a":{"x":1},"b":[1,2],"c":"s"})";
  for (const FieldPath& path : std::vector<FieldPath>{
           {"z"}, {"a"}, {"b"}, {"a", "y"}, {"c", "d"}, {"a", "x", "y"}, {"b", "0"}}) {
    EXPECT_EQ(order_key(event, path), "");
  }
  EXPECT_EQ(order_key("", {"a"}), "");
  EXPECT_EQ(order_key("[1]", {"a"}), "");
}

TEST(OrderKey, HashesNoKeyToZero) {
  EXPECT_EQ(hash_order_key("", 7), 0U);
  EXPECT_NE(hash_order_key("a", 7), 0U);
  EXPECT_NE(hash_order_key("a", 7), hash_order_key("b", 7));
  EXPECT_NE(hash_order_key("a", 7), hash_order_key("a", 8));
}

}  // namespace
}  // namespace weir

// What targets get instead of events: the cases that the service was recorded with, and mistakes.
#include "core/wire/input_transform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

namespace weir {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

constexpr WallTime kTime{std::chrono::seconds(1769862896)};

std::string result_of(const InputSpec& spec, std::string_view event) {
  auto transform = InputTransform::compile(spec, "t");
  if (!transform) return "fault: " + transform.error().message;
  std::string out;
  return transform->apply(event, kTime, out) ? out : "nothing";
}

InputSpec path(const std::string& text) {
  return {.kind = InputSpec::Kind::path, .text = text};
}

InputSpec transformer(const std::string& text, std::map<std::string, std::string> paths = {}) {
  return {.kind = InputSpec::Kind::transformer,
          .text = text,
          .paths = std::move(paths),
          .rule_arn = "arn:aws:events:r:111111111111:rule/b/n",
          .rule_name = "n"};
}

// The recorder has masked values; they are what the event here says.
std::string unmasked(std::string text) {
  const std::pair<std::string, std::string> kMasks[] = {
      {"<region>", "r"},    {"<partition>", "aws"}, {"<bus-name>", "b"},
      {"<rule-name>", "n"}, {"<uuid:2>", "7"},      {"<ingestion-time>", "date"}};
  for (const auto& [mask, value] : kMasks) {
    for (std::size_t at = 0; (at = text.find(mask, at)) != text.npos;) {
      text.replace(at, mask.size(), value);
    }
  }
  for (std::size_t at = 0; (at = text.find("date", at)) != text.npos; ++at) {
    const bool word = text[at - 1] == '"' || text[at - 1] == ' ';
    if (word) text.replace(at, 4, "2026-01-31T12:34:56Z");
  }
  return text;
}

TEST(InputTransform, DoesWhatTheServiceWasRecordedToDo) {
  const char* given = std::getenv("WEIR_SHARED_DATA");
  const std::string folder = given != nullptr ? given : WEIR_SOURCE_DIR "/../shared/data";
  std::ifstream file(folder + "/patterns/aws-verified-input-transforms.json");
  if (!file) GTEST_SKIP() << "the recordings are not here";
  const Json recorded = Json::parse(file);
  ASSERT_GT(recorded["cases"].size(), 20U);
  for (const Json& one : recorded["cases"]) {
    const Json event = {{"version", "0"},
                        {"id", "7"},
                        {"detail-type", "core.update-account-command"},
                        {"source", "core.update-account-command"},
                        {"account", "111111111111"},
                        {"time", "2026-01-31T12:34:56Z"},
                        {"region", "r"},
                        {"resources", Json::array()},
                        {"detail", one["detail"]}};
    const InputSpec spec =
        one["kind"] == "path" ? path(one["path"]) : transformer(one["template"], one["paths"]);
    const std::string out = result_of(spec, event.dump(1));
    if (one["output"].is_string()) {
      EXPECT_EQ(out, unmasked(one["output"])) << one;
    } else {
      EXPECT_EQ(Json::parse(out, nullptr, false).dump(), unmasked(one["output"].dump())) << one;
    }
  }
}

TEST(InputTransform, FindsPartsByNameAndPlace) {
  constexpr std::string_view kEvent = R"({"a":[{"b c":1.50},{"x":"q\"u"}],"d":null,"e":{}})";
  EXPECT_EQ(result_of(path("$"), kEvent), kEvent);
  EXPECT_EQ(result_of(path("$.a[0]['b c']"), kEvent), "1.50") << "numbers keep their text";
  EXPECT_EQ(result_of(path("$.a[1].x"), kEvent), R"("q\"u")");
  EXPECT_EQ(result_of(path("$.d"), kEvent), "null");
  EXPECT_EQ(result_of(path("$.a[2]"), kEvent), "nothing");
  EXPECT_EQ(result_of(path("$.e.f"), kEvent), "nothing");
  for (const char* bad : {"", "a", "$a", "$..a", "$.a[", "$.a[x]", "$.a['b]", "$.*", "$[]"}) {
    EXPECT_THAT(result_of(path(bad), kEvent), HasSubstr("fault: InputPath for target t")) << bad;
  }
}

TEST(InputTransform, DeliversNothingThatIsNoJson) {
  constexpr std::string_view kEvent = R"({"l":["a","b"],"n":[1, 2],"s":"x"})";
  EXPECT_EQ(result_of(transformer(R"({"a":"<l>"})", {{"l", "$.l"}}), kEvent), "nothing");
  EXPECT_EQ(result_of(transformer(R"({"a":"<n>"})", {{"n", "$.n"}}), kEvent), R"({"a":"[1,2]"})");
  EXPECT_EQ(result_of(transformer("{<s>}", {{"s", "$.s"}}), kEvent), "nothing");
  EXPECT_EQ(result_of(transformer("<s>", {{"s", "$.s"}}), kEvent), R"("x")");
  EXPECT_EQ(result_of(transformer("{\"a\" : 1 < 2}"), kEvent), "nothing") << "no placeholder";
}

TEST(InputTransform, RefusesWhatCannotBe) {
  EXPECT_EQ(result_of(transformer(R"("<a> <b>")", {{"a", "$.a"}}), "{}"),
            "fault: InputTemplate for target t contains invalid placeholder b.");
  EXPECT_EQ(result_of(transformer(R"("<aws.events.no>")"), "{}"),
            "fault: InputTemplate for target t contains invalid placeholder aws.events.no.");
  EXPECT_THAT(result_of(transformer("\"<a>\"", {{"a", "b"}}), "{}"), HasSubstr("invalid path: b"));
  EXPECT_THAT(result_of({.kind = InputSpec::Kind::constant, .text = "{"}, "{}"),
              HasSubstr("fault"));
  EXPECT_EQ(result_of({.kind = InputSpec::Kind::constant, .text = "[1]"}, "{}"), "[1]");
}

TEST(InputTransform, EndsWhereAResultGrowsWithoutMeasure) {
  const std::string event = R"({"a":")" + std::string(kMiB, 'x') + "\"}";
  std::string text = "\"";
  for (int i = 0; i < 20; ++i) text += "<a>";
  EXPECT_EQ(result_of(transformer(text + "\"", {{"a", "$.a"}}), event), "nothing");
}

}  // namespace
}  // namespace weir

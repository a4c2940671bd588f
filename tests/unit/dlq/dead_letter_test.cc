// Dead letters as text: JSON, rows of a table, times.
#include "core/wire/dead_letter.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tools/dlq/letter_request.h"
#include "tools/dlq/letter_table.h"

namespace weir {
namespace {

StoredEvent letter() {
  StoredEvent letter;
  letter.id = 7;
  letter.target = "hook";
  letter.bus = "default";
  letter.event = "{\"n\":1.0}";
  letter.event_id = "id-1";
  letter.rules = "one\ntwo \"2\"";
  letter.error_code = "HTTP_503";
  letter.error_message = "busy";
  letter.attempts = 186;
  letter.exhausted = Exhausted::retries;
  letter.accepted = {Nanoseconds(1'795'680'000'123'456'789)};
  return letter;
}

TEST(DeadLetter, IsOneJsonObject) {
  std::string text;
  append_dead_letter(text, letter(), true);
  EXPECT_EQ(text,
            "{\"id\":7,\"target\":\"hook\",\"bus\":\"default\",\"event_id\":\"id-1\",\"rules\":["
            "\"one\",\"two \\\"2\\\"\"],\"error_code\":\"HTTP_503\",\"error_message\":\"busy\","
            "\"attempts\":186,\"exhausted_condition\":\"MaximumRetryAttempts\",\"accepted\":"
            "\"2026-11-26T08:00:00.123Z\",\"event\":{\"n\":1.0}}");
}

// What another target gets of it: the event as it was, within what became of it.
TEST(DeadLetter, ForAnotherTargetKeepsWhatBecameOfIt) {
  std::string scratch;
  const StoredEvent entry = forwarded_letter(letter(), "grave", {9s}, scratch);
  EXPECT_EQ(entry.kind, EntryKind::retry);
  EXPECT_EQ(entry.target, "grave");
  EXPECT_EQ(entry.from, "hook");
  EXPECT_EQ(entry.event, "{\"n\":1.0}");
  EXPECT_EQ(entry.attempts, 0U);
  EXPECT_EQ(entry.exhausted, Exhausted::none);
  EXPECT_EQ(entry.age_from, WallTime{9s});
  EXPECT_EQ(entry.accepted, letter().accepted);
  std::string text;
  EXPECT_EQ(text_of_entry(entry, text),
            "{\"target\":\"hook\",\"bus\":\"default\",\"event_id\":\"id-1\",\"rules\":["
            "\"one\",\"two \\\"2\\\"\"],\"error_code\":\"HTTP_503\",\"error_message\":\"busy\","
            "\"attempts\":186,\"exhausted_condition\":\"MaximumRetryAttempts\",\"accepted\":"
            "\"2026-11-26T08:00:00.123Z\",\"event\":{\"n\":1.0}}");
  EXPECT_EQ(text_of_entry(letter(), text), "{\"n\":1.0}");
}

TEST(DeadLetter, WhateverPeersSayIsText) {
  for (const std::string& message : {std::string("\xff\xfe \"quoted\" \\ \n"), std::string(3, '\0'),
                                     std::string("\xed\xa0\x80")}) {
    StoredEvent hostile = letter();
    hostile.error_message = message;
    std::string text;
    append_dead_letter(text, hostile, false);
    const auto json = nlohmann::json::parse(text, nullptr, false);
    ASSERT_TRUE(json.is_object()) << text;
    EXPECT_FALSE(json.contains("event"));
    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_EQ(letter_row(text).find('\0'), std::string::npos);
  }
  StoredEvent escape = letter();
  const std::string long_text = "\x1b[31m" + std::string(300, 'x');
  escape.error_message = long_text;
  std::string text;
  append_dead_letter(text, escape, false);
  const std::string row = letter_row(text);
  EXPECT_EQ(row.find('\x1b'), std::string::npos);
  EXPECT_LT(row.size(), 200U);
}

TEST(DeadLetter, Times) {
  EXPECT_EQ(format_time({0s}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time({Nanoseconds(951'782'399'999'999'999)}), "2000-02-28T23:59:59.999Z");
  EXPECT_EQ(*parse_since("1970-01-02T00:00:01Z", 0), 86'401'000'000'000);
  EXPECT_EQ(*parse_since("10s", 30'000'000'000), 20'000'000'000);
  EXPECT_EQ(*parse_since("7d", 5), 0);
  for (const char* text : {"", "x", "10", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
                           "2026-01-01", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00Z!"}) {
    EXPECT_FALSE(parse_since(text, 0).ok()) << text;
  }
}

TEST(LetterRequest, GoesThereAndBack) {
  LetterRequest request;
  request.action = LetterRequest::Action::redrive;
  request.filter = {.ids = {1, UINT64_MAX}, .target = "a\"b", .since = {5s}};
  request.limit = 9;
  request.with_events = true;
  const std::string line = to_json(request);
  EXPECT_TRUE(is_letter_request(line));
  const auto back = read_letter_request(line);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->action, request.action);
  EXPECT_EQ(back->filter.ids, request.filter.ids);
  EXPECT_EQ(back->filter.target, "a\"b");
  EXPECT_EQ(back->filter.since, WallTime{5s});
  EXPECT_EQ(back->limit, 9U);
  EXPECT_TRUE(back->with_events);
  for (const char* bad :
       {"", "[]", "{}", "null", "{\"do\":\"burn\"}", "{\"do\":1}", "{\"do\":\"ls\",\"ids\":[-1]}",
        "{\"do\":\"ls\",\"ids\":7}", "{\"do\":\"ls\",\"since\":\"x\"}",
        "{\"do\":\"ls\",\"since\":18446744073709551615}", "{\"do\":\"ls\",\"target\":[]}",
        "{\"do\":\"ls\",\"limit\":1.5}", "{\"do\":\"ls\"", "\xff"}) {
    EXPECT_FALSE(read_letter_request(bad).ok()) << bad;
    EXPECT_FALSE(is_letter_request(bad)) << bad;
  }
}

}  // namespace
}  // namespace weir

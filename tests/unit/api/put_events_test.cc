// From the body of a PutEvents call to envelopes, and what is refused of it.
#include "core/api/put_events.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr WallTime kNow{Nanoseconds{1'769'862'896s} + 250ms};  // 2026-01-31T12:34:56.25Z

ApiModel make_model() {
  Catalog catalog;
  catalog.account = "111122223333";
  catalog.region = "eu-west-1";
  catalog.buses = {{"default"}, {"shop"}};
  return ApiModel(catalog, {}, {});
}

class PutEvents : public testing::Test {
 protected:
  // The error's text; empty: the call was taken.
  std::string read(const std::string& body, const PutEventsLimits& limits = {}) {
    PutEventsReader reader(limits);
    batch_ = {};
    const auto error = reader.read(
        body, model_, {.now = kNow, .id_seed = 1, .id_sequence = 2, .strict_bus = strict_}, batch_);
    return error ? std::string(error->code) + ": " + error->message : "";
  }
  std::string read_entries(const std::string& entries, const PutEventsLimits& limits = {}) {
    return read("{\"Entries\":[" + entries + "]}", limits);
  }
  // The only line, without what stands before its id and in it.
  std::string line() const {
    EXPECT_EQ(batch_.parts.size(), 1U);
    const std::string& text = batch_.parts.at(0).lines;
    const std::string head = R"({"version":"0","id":")" + id(0) + "\",";
    EXPECT_EQ(text.substr(0, head.size()), head);
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    return text.substr(head.size(), text.size() - head.size() - 1);
  }
  std::string id(std::size_t entry) const {
    const EventIdText& text = batch_.results.at(entry).id;
    return {text.data(), text.size()};
  }
  std::string entry_error(std::size_t entry = 0) const {
    const PutEventsResult& result = batch_.results.at(entry);
    EXPECT_EQ(result.error_code.empty(), result.error_message.empty());
    return result.error_code.empty() ? ""
                                     : std::string(result.error_code) + ": " + result.error_message;
  }

  const ApiModel model_ = make_model();
  PutEventsBatch batch_;
  bool strict_ = false;
};

TEST_F(PutEvents, WritesTheEnvelopeThatTargetsSee) {
  EXPECT_EQ(read_entries(R"({"Source":"shop","DetailType":"order \"new\"",)"
                         R"("Detail":"{\"n\": 1.50,\"t\":\"a\\nb\u00e9\"}",)"
                         R"("Resources":["arn:x","y"],"Time":1769862000.75})"),
            "");
  EXPECT_EQ(line(),
            R"("detail-type":"order \"new\"","source":"shop","account":"111122223333",)"
            R"("time":"2026-01-31T12:20:00Z","region":"eu-west-1","resources":["arn:x","y"],)"
            "\"detail\":{\"n\": 1.50,\"t\":\"a\\nb\u00e9\"}}");
  EXPECT_EQ(put_events_answer(batch_),
            R"({"FailedEntryCount":0,"Entries":[{"EventId":")" + id(0) + "\"}]}");
}

TEST_F(PutEvents, TheTimeIsThatOfTheCallUnlessGiven) {
  for (const char* time : {"", R"(,"Time":null)"}) {
    EXPECT_EQ(
        read_entries(std::string(R"({"Source":"s","DetailType":"d","Detail":"{}")") + time + "}"),
        "");
    EXPECT_EQ(line(),
              R"("detail-type":"d","source":"s","account":"111122223333",)"
              R"("time":"2026-01-31T12:34:56Z","region":"eu-west-1","resources":[],"detail":{}})");
  }
  for (const char* time : {"-1e300", "1e300", "-5", "1.7e9"}) {
    EXPECT_EQ(read_entries(std::string(R"({"Source":"s","DetailType":"d","Detail":"{}","Time":)") +
                           time + "}"),
              "");
    EXPECT_TRUE(line().find("\"time\":\"") != std::string::npos);
  }
}

TEST_F(PutEvents, ADetailIsOneObjectAndOneLine) {
  EXPECT_EQ(read_entries(R"({"Source":"s","DetailType":"d","Detail":"{\n \"a\":\r\n [1]}\n"})"),
            "");
  EXPECT_TRUE(line().ends_with("\"detail\":{  \"a\":   [1]} }"));
  for (const char* detail :
       {"1", "[]", "null", "{", "{}}", "{},\\\"x\\\":{}", "{} {}", "not json", "{\\\"a\\\":1,}",
        "\\\"{}\\\"", "{\\\"a\\\":\\\"\\n\\\"}", "{\\\"a\\\":\\\"\\u0001\\\"}",
        "{\\\"a\\\":\\\"\\ud800\\\"}", "{\\\"a\\\":01}", " "}) {
    EXPECT_EQ(
        read_entries(std::string(R"({"Source":"s","DetailType":"d","Detail":")") + detail + "\"}"),
        "")
        << detail;
    EXPECT_EQ(entry_error(), "MalformedDetail: Detail is malformed.") << detail;
    EXPECT_TRUE(batch_.parts.empty());
  }
}

TEST_F(PutEvents, SaysOfEachEntryWhatItLacks) {
  const std::string good = R"({"Source":"s","DetailType":"d","Detail":"{}"})";
  EXPECT_EQ(read_entries(good +
                         R"(,{"DetailType":"d","Detail":"{}"},{"Source":"s","Detail":"{}"},)"
                         R"({"Source":"s","DetailType":"d"},{"Source":"aws.ec2",)"
                         R"("DetailType":"d","Detail":"{}"},{"Source":"\u0061ws.x",)"
                         R"("DetailType":"d","Detail":"{}"},{},)" +
                         good),
            "");
  EXPECT_EQ(entry_error(0), "");
  EXPECT_EQ(
      entry_error(1),
      "InvalidArgument: Parameter Source is not valid. Reason: Source is a required argument.");
  EXPECT_EQ(entry_error(2),
            "InvalidArgument: Parameter DetailType is not valid. Reason: DetailType "
            "is a required argument.");
  EXPECT_EQ(
      entry_error(3),
      "InvalidArgument: Parameter Detail is not valid. Reason: Detail is a required argument.");
  EXPECT_TRUE(entry_error(4).starts_with("NotAuthorizedForSourceException: "));
  EXPECT_TRUE(entry_error(5).starts_with("NotAuthorizedForSourceException: "));
  EXPECT_TRUE(entry_error(6).starts_with("InvalidArgument: Parameter Source"));
  EXPECT_EQ(entry_error(7), "");
  EXPECT_EQ(batch_.results[0].line, 1U);
  EXPECT_EQ(batch_.results[7].line, 2U);
  EXPECT_NE(id(0), id(7));
  EXPECT_TRUE(put_events_answer(batch_).starts_with(R"({"FailedEntryCount":6,"Entries":[{"Even)"));
}

TEST_F(PutEvents, EntriesGoToTheBusTheyName) {
  const auto entry = [](const std::string& bus) {
    return R"({"Source":"s","DetailType":"d","Detail":"{}","EventBusName":")" + bus + "\"}";
  };
  const std::string all = entry("shop") + "," + entry("default") + "," +
                          entry("arn:aws:events:eu-west-1:111122223333:event-bus/shop") + "," +
                          entry("nowhere") + "," +
                          entry("arn:aws:events:us-east-1:111122223333:event-bus/shop");
  EXPECT_EQ(read_entries(all), "");
  ASSERT_EQ(batch_.parts.size(), 2U);
  EXPECT_EQ(batch_.parts[0].bus, BusId(1));
  EXPECT_EQ(batch_.parts[0].count, 2U);
  EXPECT_EQ(batch_.parts[1].count, 1U);
  EXPECT_EQ(batch_.unknown_bus, 2U);
  EXPECT_EQ(entry_error(3), "");
  strict_ = true;
  EXPECT_EQ(read_entries(all), "");
  EXPECT_EQ(entry_error(3), "ResourceNotFoundException: Event bus nowhere does not exist.");
  EXPECT_EQ(read_entries(entry("no bus")),
            "ValidationException: 1 validation error detected: Value 'no bus' at "
            "'entries.1.member.eventBusName' failed to satisfy constraint: Member must satisfy "
            R"(regular expression pattern: (arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:)"
            R"(event-bus\/)?[/\.\-_A-Za-z0-9]+)");
}

TEST_F(PutEvents, RefusesACallAsAWhole) {
  const std::string entry = R"({"Source":"s","DetailType":"d","Detail":"{}"})";
  std::string eleven = entry;
  for (int i = 0; i < 10; ++i) eleven += "," + entry;
  EXPECT_EQ(read_entries(eleven),
            "ValidationException: 1 validation error detected: Value '[11 entries]' at 'entries' "
            "failed to satisfy constraint: Member must have length less than or equal to 10");
  EXPECT_EQ(read_entries(""),
            "ValidationException: 1 validation error detected: Value '[]' at 'entries' failed to "
            "satisfy constraint: Member must have length greater than or equal to 1");
  EXPECT_TRUE(read("{}").starts_with("ValidationException: 1 validation error"));
  EXPECT_TRUE(read("").starts_with("ValidationException: 1 validation error"));
  EXPECT_TRUE(read("{\"EndpointId\":\"e\",\"Entries\":[]}").starts_with("ValidationException: "));
  for (const char* body :
       {"[]", "{", "1", "{\"Entries\":1}", "{\"Entries\":[1]}", "{\"Entries\":[{\"Source\":1}]}",
        "{\"Entries\":[{\"Time\":\"now\"}]}", "{\"Entries\":[{\"Resources\":[1]}]}",
        "{\"Entries\":[{\"Detail\":{}}]}"}) {
    EXPECT_TRUE(read(body).starts_with("SerializationException: ")) << body;
    EXPECT_TRUE(batch_.results.empty()) << body;
  }
}

TEST_F(PutEvents, CountsTheSizeAsTheServiceDoes) {
  // 1 + 1 + 2 bytes, one of two bytes in a resource, 14 for the time.
  const std::string entry =
      R"({"Source":"s","DetailType":"d","Detail":"{}","Resources":["\u00e9"],"Time":1})";
  EXPECT_EQ(read_entries(entry, {.request_bytes_max = 20}), "");
  EXPECT_EQ(read_entries(entry, {.request_bytes_max = 19}),
            "ValidationException: Total size of the entries in the request is over the limit.");
  EXPECT_EQ(read_entries(entry + "," + entry, {.request_bytes_max = 40}), "");
  EXPECT_NE(read_entries(entry + "," + entry, {.request_bytes_max = 39}), "");
}

}  // namespace
}  // namespace weir

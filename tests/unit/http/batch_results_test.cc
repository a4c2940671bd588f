#include "core/http/batch_results.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

using Reading = BatchResults::Reading;
constexpr std::uint64_t kSeed = 7;

EventIdText id_of(std::uint32_t record) {
  return event_id(kSeed, 1, record);
}
std::string id_text(std::uint32_t record) {
  const EventIdText id = id_of(record);
  return {id.data(), id.size()};
}

// One letter for each record: d(elivered), a(gain), r(efused); or why there are none.
std::string verdicts(std::string_view body, std::uint32_t records) {
  BatchResults results;
  const Reading reading = results.read(body, records);
  if (reading == Reading::none) return "none";
  if (reading == Reading::broken) return "broken";
  std::vector<EventIdText> ids;
  for (std::uint32_t i = 0; results.wants_ids() && i < records; ++i) ids.push_back(id_of(i));
  std::vector<RecordVerdict> all(records, RecordVerdict::again);
  if (!results.apply(ids, all)) return "all";
  std::string letters;
  for (const RecordVerdict verdict : all) letters += "dar"[static_cast<std::size_t>(verdict)];
  return letters;
}

std::string failures(const std::vector<std::string>& ids) {
  std::string body = R"({"batchItemFailures":[)";
  for (const std::string& id : ids) {
    if (body.back() != '[') body += ',';
    body += R"({"itemIdentifier":")" + id + "\"}";
  }
  return body + "]}";
}

TEST(BatchResults, SaysNothingWithoutTheMembers) {
  for (const char* body :
       {"", "  ", "ok", "[1]", "{}", R"({"message":"thanks","n":[1,{"a":2}]})"}) {
    EXPECT_EQ(verdicts(body, 3), "none") << body;
  }
}

TEST(BatchResults, NamesTheFailedById) {
  EXPECT_EQ(verdicts(failures({}), 3), "ddd");
  EXPECT_EQ(verdicts(R"({"batchItemFailures":null})", 3), "ddd");
  EXPECT_EQ(verdicts(failures({id_text(1)}), 3), "dad");
  EXPECT_EQ(verdicts(failures({id_text(2), id_text(0), id_text(2)}), 3), "ada");
  EXPECT_EQ(verdicts(R"({"more":[[1]],"batchItemFailures":[{"why":{"x":[1]},"itemIdentifier":")" +
                         id_text(0) + R"("}],"z":1})",
                     2),
            "ad");
}

TEST(BatchResults, UnknownIdsFailAll) {
  EXPECT_EQ(verdicts(failures({id_text(3)}), 3), "all");
  EXPECT_EQ(verdicts(failures({id_text(1), "nobody"}), 3), "all");
  EXPECT_EQ(verdicts(failures({""}), 3), "broken");
}

TEST(BatchResults, BrokenFormsAreBroken) {
  const std::vector<std::string> all = {"{",
                                        R"({"batchItemFailures")",
                                        R"({"batchItemFailures":[})",
                                        R"({"batchItemFailures":{}})",
                                        R"({"batchItemFailures":["x"]})",
                                        R"({"batchItemFailures":[{}]})",
                                        R"({"batchItemFailures":[{"itemIdentifier":1}]})",
                                        R"({"batchItemFailures":[],"batchItemFailures":[]})",
                                        R"({"results":7})",
                                        R"({"results":[true],"results":[true]})",
                                        R"({"results":[true,true,true,true]})",
                                        R"({"results":[true,true,true]} x)",
                                        "{\"results\":[true,true,\"\xff\"]}"};
  for (const std::string& body : all) EXPECT_EQ(verdicts(body, 3), "broken") << body;
}

TEST(BatchResults, OneResultForEachRecord) {
  EXPECT_EQ(verdicts(R"({"results":[true,false,true]})", 3), "dad");
  EXPECT_EQ(verdicts(R"({"results":[200,503,404]})", 3), "dar");
  EXPECT_EQ(verdicts(R"({"results":[{"ok":true},{"status":201},{"status":"success"}]})", 3), "ddd");
  EXPECT_EQ(verdicts(R"({"results":[{"status":429},{"status":400},{"error":"no"}]})", 3), "ara");
  EXPECT_EQ(verdicts(R"({"results":[{"ok":true,"error":null},{"ok":1},{"statusCode":"bad"}]})", 3),
            "daa");
}

TEST(BatchResults, SilenceAndContradictionAreFailures) {
  EXPECT_EQ(verdicts(R"({"results":[{},null,"fine"]})", 3), "aaa");
  EXPECT_EQ(verdicts(R"({"results":[{"ok":true,"status":500},{"ok":true,"error":"x"},true]})", 3),
            "aad");
  EXPECT_EQ(verdicts(R"({"results":[{"status":200,"ok":false},{"status":400,"ok":true},true]})", 3),
            "aad");
  EXPECT_EQ(verdicts(R"({"results":[true]})", 3), "daa");
  EXPECT_EQ(verdicts(R"({"results":[]})", 2), "aa");
  EXPECT_EQ(verdicts(R"({"results":[true,true],"batchItemFailures":[{"itemIdentifier":")" +
                         id_text(1) + R"("}]})",
                     2),
            "da");
}

TEST(BatchResults, AResultBesideAnotherIdIsAFailure) {
  const auto with_id = [](std::uint32_t record) {
    return R"({"ok":true,"id":")" + id_text(record) + "\"}";
  };
  EXPECT_EQ(verdicts(R"({"results":[)" + with_id(0) + "," + with_id(1) + "]}", 2), "dd");
  EXPECT_EQ(verdicts(R"({"results":[)" + with_id(1) + "," + with_id(0) + "]}", 2), "aa");
  EXPECT_EQ(verdicts(R"({"results":[{"ok":true,"id":7},true]})", 2), "ad");
}

TEST(BatchResults, KeepsWhatWasSaid) {
  BatchResults results;
  ASSERT_EQ(results.read(R"({"results":[true,{"status":400,"error":"no such user"}]})", 2),
            Reading::read);
  EXPECT_EQ(results.message(0), "");
  EXPECT_EQ(results.message(1), "no such user");
  EXPECT_EQ(results.message(2), "");
}

TEST(BatchResults, FindsManyIds) {
  std::vector<std::string> ids;
  std::string expected;
  for (std::uint32_t i = 0; i < 500; ++i) {
    if (i % 3 == 0) ids.push_back(id_text(i));
    expected += i % 3 == 0 ? 'a' : 'd';
  }
  EXPECT_EQ(verdicts(failures(ids), 500), expected);
}

}  // namespace
}  // namespace weir

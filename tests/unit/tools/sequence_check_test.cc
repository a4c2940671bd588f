#include "tools/sink/sequence_check.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

SequenceCheck seen(std::initializer_list<std::uint64_t> numbers, std::uint64_t connection = 0) {
  SequenceCheck check;
  for (const std::uint64_t n : numbers) check.see({connection, n, 0});
  return check;
}

TEST(SequenceCheck, AcceptsWhatIsWholeAndInOrder) {
  SequenceCheck check;
  for (std::uint64_t n = 0; n < 1000; ++n) check.see({5, n, 0});
  const auto totals = check.totals();
  EXPECT_EQ(totals.connections, 1U);
  EXPECT_EQ(totals.distinct, 1000U);
  EXPECT_EQ(totals.duplicates + totals.disordered + totals.missing + totals.implausible, 0U);
  EXPECT_EQ(check.first_fault(), "");
}

TEST(SequenceCheck, CountsGapsAsMissingAndNothingElse) {
  const SequenceCheck check = seen({2, 3, 64, 200});
  const auto totals = check.totals();
  EXPECT_EQ(totals.distinct, 4U);
  EXPECT_EQ(totals.missing, 197U);
  EXPECT_EQ(totals.disordered + totals.duplicates, 0U);
  EXPECT_EQ(check.first_fault(), "");
}

TEST(SequenceCheck, TellsADuplicateFromALateRecord) {
  const SequenceCheck check = seen({0, 1, 3, 2, 2, 3, 4});
  const auto totals = check.totals();
  EXPECT_EQ(totals.disordered, 1U);
  EXPECT_EQ(totals.duplicates, 2U);
  EXPECT_EQ(totals.missing, 0U);
  EXPECT_EQ(check.first_fault(), "connection 0: record 2 came after 3");
  EXPECT_EQ(seen({0, 0}).totals().duplicates, 1U);
  EXPECT_EQ(seen({63, 63, 62}).totals().duplicates, 1U);
  EXPECT_EQ(seen({63, 63, 62}).totals().disordered, 1U);
}

TEST(SequenceCheck, JudgesEachConnectionByItself) {
  SequenceCheck check;
  for (std::uint64_t n = 0; n < 100; ++n) {
    check.see({1, n, 0});
    check.see({9, n, 0});
  }
  EXPECT_EQ(check.totals().connections, 2U);
  EXPECT_EQ(check.totals().distinct, 200U);
  EXPECT_EQ(check.totals().missing, 0U);
  EXPECT_EQ(check.first_fault(), "");
}

TEST(SequenceCheck, DoesNotBelieveADamagedNumber) {
  const SequenceCheck check = seen({0, kSequenceMask, 1});
  const auto totals = check.totals();
  EXPECT_EQ(totals.implausible, 1U);
  EXPECT_EQ(totals.distinct, 2U);
  EXPECT_EQ(totals.missing, 0U);
}

}  // namespace
}  // namespace weir

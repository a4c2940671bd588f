// Events that do not cross as they are: rendered once, the same bytes at every target.
#include "tests/unit/deliver/writer_fixture.h"

namespace weir {
namespace {

TEST(WriterRender, MixesWrappedAndPlainEventsOfOneBlockInOrder) {
  WriterRig rig;
  const EventRenderer wrapping(
      "123456789012", "us-east-1",
      {SourceRendering{},
       SourceRendering{EnvelopeText{.source = "app", .detail_type = "order", .resources = {}}}});
  Channel<Block*> input(8, 1);
  Channel<Block*>::Producer producer(input);
  sim::SimPort port(rig.world);
  Writer writer(WriterRig::small_options(), input, port, wrapping, rig.host);
  auto a = std::make_shared<TargetCounters>();
  auto b = std::make_shared<TargetCounters>();
  writer.add_target(TargetId{0}, file_target("a", "a"), a);
  writer.add_target(TargetId{1}, file_target("b", "b"), b);

  // Three spans of 300 events: plain, wrapped, plain. Wrapped they need several scratch texts.
  std::vector<Routed> events;
  for (std::uint64_t i = 0; i < 900; ++i) {
    std::vector<std::uint16_t> targets;
    if (i % 2 == 0) targets.push_back(0);
    if (i % 3 == 0) targets.push_back(1);
    events.push_back({"{\"n\":" + std::to_string(1000 + i) + "}", targets});
  }
  Block* block = rig.make_block(events);
  const std::uint32_t each = block->spans[0].end / 3;
  block->spans[0].end = each;
  for (std::uint32_t s = 1; s < 3; ++s) {
    auto* origin = new Origin;
    origin->source = SourceId{static_cast<std::uint16_t>(s % 2)};
    origin->refs.reset(1);
    block->spans.push_back({.origin = origin, .begin = s * each, .end = (s + 1) * each});
  }
  std::string expected_a;
  std::string expected_b;
  std::vector<char> scratch(4096);
  for (std::size_t i = 0; i < 900; ++i) {
    std::string line = events[i].event;
    if (i / 300 == 1) {
      char* end = wrapping.render(*block, 1, i, scratch.data());
      line.assign(scratch.data(), end);
      EXPECT_NE(line.find("\"detail\":" + events[i].event), std::string::npos);
    }
    if (i % 2 == 0) expected_a += line + "\n";
    if (i % 3 == 0) expected_b += line + "\n";
  }
  ASSERT_TRUE(producer.push(block));
  for (int i = 0; i < 300; ++i) {
    rig.world.advance(1ms);
    writer.poll(rig.world.now());
  }
  EXPECT_EQ(rig.world.files.at("a")->content, expected_a);
  EXPECT_EQ(rig.world.files.at("b")->content, expected_b);
  EXPECT_EQ(a->delivered.read(), 450U);
  EXPECT_EQ(b->delivered.read(), 300U);
  writer.abandon();
  EXPECT_TRUE(writer.quiescent());
}

}  // namespace
}  // namespace weir

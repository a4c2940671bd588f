// A file that takes from a durable bus, under all that a disk can do to it, the loss of power and
// changes of the configuration: an event below the target's cursor is in a file that survives,
// whenever the power goes.
#include <algorithm>
#include <set>
#include <string>

#include "tests/unit/deliver/lag_fixture.h"

namespace weir {
namespace {

struct Script {
  bool rotates = false;
  bool moves = false;  // to another path and back
  bool returns = false;
};

class Lives {
 public:
  Lives(std::uint64_t seed, const Script& script) : random_(seed), script_(script), seed_(seed) {}

  void run() {
    for (int life = 0; life < 4 && !testing::Test::HasFailure(); ++life) {
      LagRig rig(seed_ * 8 + static_cast<std::uint64_t>(life), {{0, records_}});
      rig.world.disk = std::move(image_);
      rig.add_logged(0, spec(), stored_);
      retired_ = false;
      for (int step = 0; step < 60 && !testing::Test::HasFailure(); ++step) act(rig);
      if (life == 3) drain(rig);
      records_ = rig.logs[0];
      image_ = rig.world.disk.crash(random_);
    }
  }

 private:
  TargetSpec spec() {
    TargetSpec spec = lagging_target("archive", kSink);
    spec.kind = TargetKind::file;
    spec.path = path_;
    spec.batch.records_max = 5;
    spec.batch.wait_max = 5ms;
    spec.rotate.size = rotate_size_;
    return spec;
  }

  std::string next_event() {
    const std::string event = "{\"n\":" + std::to_string(sent_++) + ",\"pad\":\"" +
                              std::string(random_.below(3000), 'x') + "\"}";
    events_.insert(event);
    return event;
  }

  void act(LagRig& rig) {
    const std::uint64_t what = random_.below(12);
    if (what < 6) {
      if (!retired_) push(rig);
    } else if (what == 6) {
      set_faults(rig);
    } else if (what == 7 && script_.rotates) {
      rotate_size_ = 4000 + random_.below(20000);
      if (!retired_) rig.writer.change_target(TargetId{0}, spec());
    } else if (what == 8 && script_.moves && !retired_) {
      path_ = path_ == "out/a.ndjson" ? "out/b.ndjson" : "out/a.ndjson";
      rig.writer.change_target(TargetId{0}, spec());
    } else if (what == 9 && script_.returns) {
      if (!retired_) {
        rig.writer.retire_target(TargetId{0});
      } else {
        rig.add(0, spec());
        rig.take_from(0, 0);
      }
      retired_ = !retired_;
    }
    const Nanoseconds pause(random_.below(3) == 0 ? random_.below(120'000'000)
                                                  : random_.below(3'000'000));
    rig.run_for(pause);
    rig.catch_up();
    if (random_.below(3) == 0) stored_ = rig.cursor(0);
    if (random_.below(4) == 0) look(rig);
  }

  void push(LagRig& rig) {
    std::vector<Routed> events;
    for (std::uint64_t i = 0; i <= random_.below(20); ++i) events.push_back({next_event(), {0}});
    rig.push_logged(events);
  }

  void set_faults(LagRig& rig) {
    const auto maybe = [&](double most) { return random_.below(2) == 0 ? 0 : most; };
    rig.world.faults = {.short_write = maybe(0.5),
                        .open_error = maybe(0.1),
                        .write_error = maybe(0.2),
                        .sync_error = maybe(0.5),
                        .late_completion = maybe(0.3),
                        .shuffle = maybe(0.3)};
    if (random_.below(2) == 0) rig.world.faults.delay_max = Nanoseconds(random_.below(200'000'000));
  }

  // What is below the cursor would be there after a loss of power now.
  void look(LagRig& rig) {
    const LogPosition cursor = rig.cursor(0);
    const sim::DiskImage after = rig.world.disk.crash(random_);
    std::set<std::string> found;
    for (const auto& [path, file] : after.files) add_lines(file->content, found);
    for (std::uint64_t r = 0; r < rig.logs[0].size(); ++r) {
      for (std::uint32_t e = 0; e < rig.logs[0][r].size(); ++e) {
        if (LogPosition{.sequence = r + 1, .event = e} >= cursor) return;
        ASSERT_TRUE(found.contains(rig.logs[0][r][e].event))
            << "seed " << seed_ << ": the cursor is behind "
            << rig.logs[0][r][e].event.substr(0, 12) << ", which is nowhere";
      }
    }
  }

  static void add_lines(std::string_view text, std::set<std::string>& lines) {
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
      lines.emplace(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
  }

  void drain(LagRig& rig) {
    rig.world.faults = {};
    if (std::exchange(retired_, false)) {
      rig.add(0, spec());
      rig.take_from(0, 0);
    }
    for (int i = 0; i < 200 && rig.cursor(0) != rig.end_of(0); ++i) {
      rig.run_for(1s);
      rig.catch_up();
    }
    ASSERT_EQ(rig.cursor(0), rig.end_of(0)) << "seed " << seed_;
    look(rig);
    // Where the target stayed at its file, nothing stands in it that was not sent.
    if (script_.moves) return;
    std::set<std::string> lines;
    for (const auto& [path, file] : rig.world.files) {
      EXPECT_TRUE(file->content.empty() || file->content.ends_with('\n'));
      add_lines(file->content, lines);
    }
    for (const std::string& line : lines) {
      EXPECT_TRUE(events_.contains(line)) << "seed " << seed_ << ": " << line.substr(0, 40);
    }
  }

  Random random_;
  const Script script_;
  const std::uint64_t seed_;
  sim::DiskImage image_;
  Records records_;
  std::set<std::string> events_;
  std::uint64_t sent_ = 0;
  LogPosition stored_{.sequence = 1};
  std::string path_ = "out/a.ndjson";
  std::uint64_t rotate_size_ = 0;
  bool retired_ = false;
};

void run_seeds(const Script& script) {
  for (std::uint64_t seed = 1; seed <= 80 && !testing::Test::HasFailure(); ++seed) {
    Lives(seed, script).run();
  }
}

TEST(DurableFileProperty, WhatTheCursorHasPassedSurvives) {
  run_seeds({});
}
TEST(DurableFileProperty, SoItDoesWhereFilesAreRotated) {
  run_seeds({.rotates = true});
}
TEST(DurableFileProperty, SoItDoesWhereThePathChanges) {
  run_seeds({.rotates = true, .moves = true});
}
TEST(DurableFileProperty, SoItDoesWhereTheTargetGoesAndReturns) {
  run_seeds({.rotates = true, .returns = true});
}

}  // namespace
}  // namespace weir

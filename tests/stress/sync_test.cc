// core/sync on real threads: hand-offs keep their order and lose nothing, sleepers are woken,
// snapshots are whole, counts come out even.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <semaphore>
#include <thread>
#include <vector>

#include "core/base/random.h"
#include "core/block/block.h"
#include "core/sync/channel.h"
#include "core/sync/counter.h"
#include "core/sync/ref_count.h"
#include "core/sync/sleep_gate.h"
#include "core/sync/snapshot.h"

namespace weir {
namespace {

struct Item {
  std::uint32_t producer = 0;
  std::uint32_t number = 0;
};

void yield_at_random(Random& random) {
  if (random.below(16) == 0) std::this_thread::yield();
}

TEST(ChannelStress, ManyProducersManyConsumersOnceEach) {
  constexpr std::uint32_t kProducers = 3;
  constexpr std::uint32_t kConsumers = 2;
  constexpr std::uint32_t kItems = 30000;
  Channel<Item> channel(64, kProducers);  // small: push is refused often
  SharedCounter taken;
  std::array<std::vector<Item>, kConsumers> got;
  std::vector<std::thread> threads;
  for (std::uint32_t p = 0; p < kProducers; ++p) {
    threads.emplace_back([&, p] {
      Random random(p);
      Channel<Item>::Producer producer(channel);
      for (std::uint32_t i = 0; i < kItems; ++i) {
        while (!producer.push({p, i})) std::this_thread::yield();
        yield_at_random(random);
      }
    });
  }
  for (std::uint32_t c = 0; c < kConsumers; ++c) {
    threads.emplace_back([&, c] {
      Random random(100 + c);
      Channel<Item>::Consumer consumer(channel);
      std::array<Item, 16> out{};
      while (taken.read() < std::uint64_t{kProducers} * kItems) {
        const std::size_t count = consumer.pop(std::span(out).first(1 + random.below(16)));
        got[c].insert(got[c].end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(count));
        taken.fetch_add(count);
        if (count == 0) std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::array<std::vector<int>, kProducers> seen;
  for (auto& list : seen) list.resize(kItems);
  for (const auto& list : got) {
    std::array<std::int64_t, kProducers> last{-1, -1, -1};
    for (const Item& item : list) {
      EXPECT_GT(std::int64_t{item.number}, last[item.producer]);  // in order at each consumer
      last[item.producer] = item.number;
      ++seen[item.producer][item.number];
    }
  }
  for (const auto& list : seen) {
    for (const int times : list) ASSERT_EQ(1, times);
  }
}

TEST(ChannelStress, WhatIsHandedOverIsSeenWhole) {
  // The consumer reads memory that the producer wrote without any lock: the hand-off must order it.
  constexpr std::size_t kBuffers = 8;
  constexpr std::uint64_t kRounds = 20000;
  std::array<std::array<std::uint64_t, 64>, kBuffers> buffers{};
  Channel<std::uint32_t> full(kBuffers, 1);
  Channel<std::uint32_t> empty(kBuffers, 1);
  std::uint64_t wrong = 0;
  std::thread reader([&] {
    Channel<std::uint32_t>::Consumer consumer(full);
    Channel<std::uint32_t>::Producer producer(empty);
    for (std::uint64_t next = 0; next < kRounds;) {
      std::array<std::uint32_t, 4> out{};
      const std::size_t count = consumer.pop(out);
      if (count == 0) std::this_thread::yield();
      for (std::size_t i = 0; i < count; ++i, ++next) {
        for (const std::uint64_t word : buffers[out[i]]) wrong += word != next ? 1 : 0;
        EXPECT_TRUE(producer.push(out[i]));
      }
    }
  });
  {
    Channel<std::uint32_t>::Producer producer(full);
    Channel<std::uint32_t>::Consumer consumer(empty);
    std::vector<std::uint32_t> free;
    for (std::uint32_t i = 0; i < kBuffers; ++i) free.push_back(i);
    for (std::uint64_t round = 0; round < kRounds; ++round) {
      while (free.empty()) {
        std::array<std::uint32_t, 8> out{};
        const std::size_t count = consumer.pop(out);
        free.insert(free.end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(count));
        if (count == 0) std::this_thread::yield();
      }
      buffers[free.back()].fill(round);
      EXPECT_TRUE(producer.push(free.back()));
      free.pop_back();
    }
    reader.join();
  }
  EXPECT_EQ(0U, wrong);
}

TEST(SleepGateStress, NoSleeperMissesAHandOff) {
  constexpr std::uint32_t kProducers = 3;
  constexpr std::uint32_t kItems = 20000;
  Channel<Item> channel(kProducers * kItems, kProducers);
  SleepGate gate;
  std::counting_semaphore<1 << 20> kernel(0);
  std::uint64_t sleeps = 0;
  std::uint64_t received = 0;
  std::thread sleeper([&] {
    Channel<Item>::Consumer consumer(channel);
    std::array<Item, 32> out{};
    while (received < std::uint64_t{kProducers} * kItems) {
      std::size_t count = consumer.pop(out);
      received += count;
      if (count > 0) continue;
      gate.prepare();
      count = consumer.pop(out);
      received += count;
      if (count == 0 && received < std::uint64_t{kProducers} * kItems) {
        kernel.acquire();  // hangs, and the test with it, if a wake-up is missed
        ++sleeps;
      }
      gate.awake();
    }
  });
  std::vector<std::thread> producers;
  SharedCounter wakes;
  for (std::uint32_t p = 0; p < kProducers; ++p) {
    producers.emplace_back([&, p] {
      Random random(p);
      Channel<Item>::Producer producer(channel);
      for (std::uint32_t i = 0; i < kItems; ++i) {
        EXPECT_TRUE(producer.push({p, i}));
        if (gate.needs_wake()) {
          wakes.fetch_add();
          kernel.release();
        }
        if (random.below(8) == 0) std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : producers) thread.join();
  sleeper.join();
  EXPECT_EQ(std::uint64_t{kProducers} * kItems, received);
  EXPECT_GE(wakes.read(), sleeps);
}

TEST(SnapshotStress, ReadersSeeWholeValuesThatNeverGoBack) {
  struct Value {
    std::uint64_t version;
    std::array<std::uint64_t, 32> copies;
  };
  const auto make = [](std::uint64_t version) {
    auto value = std::make_shared<Value>();
    value->version = version;
    value->copies.fill(version);
    return value;
  };
  constexpr std::uint64_t kVersions = 3000;
  Snapshot<Value> snapshot(make(0));
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&] {
      Snapshot<Value>::Reader reader(snapshot);
      std::uint64_t last = 0;
      while (last < kVersions) {
        const Value& value = reader.get();
        ASSERT_GE(value.version, last);
        for (const std::uint64_t copy : value.copies) ASSERT_EQ(value.version, copy);
        last = value.version;
        std::this_thread::yield();
      }
    });
  }
  for (std::uint64_t version = 1; version <= kVersions; ++version) {
    snapshot.publish(make(version));
    std::this_thread::yield();
  }
  for (std::thread& reader : readers) reader.join();
}

TEST(RefCountStress, ExactlyOneIsLastAndSeesAll) {
  constexpr std::uint32_t kOwners = 4;
  for (int round = 0; round < 300; ++round) {
    RefCount count;
    count.reset(kOwners);
    std::array<std::uint64_t, kOwners> written{};
    SharedCounter lasts;
    std::uint64_t sum = 0;
    std::vector<std::thread> owners;
    for (std::uint32_t o = 0; o < kOwners; ++o) {
      owners.emplace_back([&, o] {
        written[o] = o + 1;
        if (!count.release()) return;
        lasts.fetch_add();
        for (const std::uint64_t value : written) sum += value;
      });
    }
    for (std::thread& owner : owners) owner.join();
    EXPECT_EQ(1U, lasts.read());
    EXPECT_EQ(10U, sum);
  }
}

TEST(BlockPoolStress, BlocksGoRoundAmongThreads) {
  constexpr std::size_t kBlocks = 8;
  constexpr int kRounds = 10000;
  BlockPool pool(kBlocks, 64, 1024, 4);
  Channel<Block*> routed(kBlocks, 1);
  std::thread last_owner([&] {
    Channel<Block*>::Consumer consumer(routed);
    std::array<Block*, 4> out{};
    for (int received = 0; received < kRounds;) {
      const std::size_t count = consumer.pop(out);
      if (count == 0) std::this_thread::yield();
      for (std::size_t i = 0; i < count; ++i, ++received) {
        EXPECT_EQ(static_cast<char>(out[i]->sequence), out[i]->text().front());
        out[i]->release();
      }
    }
  });
  {
    BlockPool::User user(pool);
    Channel<Block*>::Producer producer(routed);
    for (int round = 0; round < kRounds; ++round) {
      Block* block = user.take();
      while (block == nullptr) {
        std::this_thread::yield();
        block = user.take();
      }
      block->reset();
      block->sequence = static_cast<std::uint64_t>(round);
      block->receive_area()[0] = static_cast<char>(round);
      block->set_bounds(block->headroom(), block->headroom() + 1);
      block->refs.reset(1);
      EXPECT_TRUE(producer.push(block));
    }
    last_owner.join();
  }
  EXPECT_EQ(kBlocks, pool.free_blocks());
}

}  // namespace
}  // namespace weir

// An EventStore in memory for the tests of targets: what it holds can be looked at, and its answers
// can be held back.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/port/event_store.h"

namespace weir {

class MemoryStore : public EventStore {
 public:
  struct Entry {
    EntryKind kind = EntryKind::retry;
    std::string target, from, letter, bus, event, event_id, rules, order_key, error_code,
        error_message;
    std::uint32_t attempts = 0;
    Exhausted exhausted = Exhausted::none;
    std::uint8_t hops = 0;
    WallTime accepted, age_from, first_attempt, last_attempt, due;
    bool taken = false;
  };
  std::map<EntryId, Entry> entries;
  bool held = false;     // nothing completes
  bool refuses = false;  // takes nothing more
  std::uint64_t redriven = 0;

  bool put(std::unique_ptr<EventBatch>& batch, Token token) override {
    if (refuses) return false;
    const EntryId first = next_;
    for (std::size_t i = 0; i < batch->size(); ++i) {
      const StoredEvent e = batch->at(i);
      Entry entry;
      entry.target = e.target;
      entry.from = e.from;
      entry.letter = e.letter;
      entry.rules = e.rules;
      entry.hops = e.hops;
      entry.age_from = e.age_from;
      entry.bus = e.bus;
      entry.event = e.event;
      entry.event_id = e.event_id;
      entry.order_key = e.order_key;
      entry.accepted = e.accepted;
      entry.first_attempt = e.first_attempt;
      update(entry, e);
      if (!entry.from.empty()) ++redriven;
      entries[next_++] = entry;
    }
    batch.reset();
    finish(token, static_cast<std::int64_t>(first));
    return true;
  }
  bool change(std::unique_ptr<EventBatch>& batch, Token token) override {
    if (refuses) return false;
    for (std::size_t i = 0; i < batch->size(); ++i) {
      const StoredEvent e = batch->at(i);
      if (!entries.contains(e.id)) continue;
      update(entries[e.id], e);
      entries[e.id].taken = false;
    }
    finish(token, static_cast<std::int64_t>(batch->size()));
    batch.reset();
    return true;
  }
  void take_due(std::string_view target, WallTime now, std::size_t events_max,
                std::size_t bytes_max, Token token) override {
    static_cast<void>(bytes_max);
    StoreCompletion done{.token = token, .events = std::make_unique<EventBatch>()};
    done.next_due = StoreCompletion::never();
    std::set<std::string> stopped;  // keys of which something is out, or is not due
    for (auto& [id, entry] : entries) {
      if (entry.kind != EntryKind::retry || entry.target != target) continue;
      const bool keyed = !entry.order_key.empty();
      if (keyed && stopped.contains(entry.order_key)) continue;
      // Behind the first of a key, due times do not count.
      const bool behind = keyed && begun_.contains(entry.order_key);
      if (entry.taken || (!behind && entry.due > now) || done.events->size() >= events_max) {
        if (keyed) stopped.insert(entry.order_key);
        if (!entry.taken) done.next_due = std::min(done.next_due, entry.due);
        continue;
      }
      if (keyed) begun_.insert(entry.order_key);
      entry.taken = true;
      add(*done.events, id, entry);
    }
    begun_.clear();
    done.result = static_cast<std::int64_t>(done.events->size());
    completions_.push_back(std::move(done));
  }
  void settle(std::span<const EntryId> ids, Token token) override {
    for (const EntryId id : ids) entries.erase(id);
    finish(token, static_cast<std::int64_t>(ids.size()));
  }
  void order_keys(std::string_view target, std::string_view after, std::size_t keys_max,
                  Token token) override {
    std::map<std::string, std::uint32_t> keys;
    for (const auto& [id, entry] : entries) {
      if (entry.kind != EntryKind::retry || entry.target != target) continue;
      if (!entry.order_key.empty() && entry.order_key > after) ++keys[entry.order_key];
    }
    StoreCompletion done{.token = token, .events = std::make_unique<EventBatch>()};
    for (const auto& [key, count] : keys) {
      if (done.events->size() == keys_max) break;
      StoredEvent event;
      event.order_key = key;
      event.attempts = count;
      done.events->add(event);
    }
    done.result = static_cast<std::int64_t>(done.events->size());
    completions_.push_back(std::move(done));
  }
  std::uint64_t redrives() const override { return redriven; }
  std::size_t reap(std::span<StoreCompletion> out) override {
    if (held) return 0;
    std::size_t count = 0;
    while (count < out.size() && !completions_.empty()) {
      out[count++] = std::move(completions_.front());
      completions_.pop_front();
    }
    return count;
  }

  // What is called a dead letter, or waits to be tried again.
  std::vector<Entry> all(EntryKind kind) const {
    std::vector<Entry> found;
    for (const auto& [id, entry] : entries) {
      if (entry.kind == kind) found.push_back(entry);
    }
    return found;
  }
  // As `weir dlq redrive` would do: back to the target it was first meant for.
  void redrive(WallTime now = {}) {
    for (auto& [id, entry] : entries) {
      if (entry.kind != EntryKind::dead_letter) continue;
      entry.kind = EntryKind::retry;
      entry.attempts = 0;
      entry.due = {};
      entry.age_from = now;
      if (!entry.from.empty()) entry.target = std::exchange(entry.from, {});
      entry.letter.clear();
    }
    ++redriven;
  }

 private:
  static void update(Entry& entry, const StoredEvent& e) {
    entry.kind = e.kind;
    entry.attempts = e.attempts;
    entry.error_code = e.error_code;
    entry.error_message = e.error_message;
    entry.exhausted = e.exhausted;
    entry.last_attempt = e.last_attempt;
    entry.due = e.due;
  }
  static void add(EventBatch& batch, EntryId id, const Entry& entry) {
    StoredEvent e;
    e.id = id;
    e.kind = entry.kind;
    e.target = entry.target;
    e.from = entry.from;
    e.letter = entry.letter;
    e.rules = entry.rules;
    e.hops = entry.hops;
    e.age_from = entry.age_from;
    e.bus = entry.bus;
    e.event = entry.event;
    e.event_id = entry.event_id;
    e.order_key = entry.order_key;
    e.error_code = entry.error_code;
    e.error_message = entry.error_message;
    e.attempts = entry.attempts;
    e.exhausted = entry.exhausted;
    e.accepted = entry.accepted;
    e.first_attempt = entry.first_attempt;
    e.last_attempt = entry.last_attempt;
    e.due = entry.due;
    batch.add(e);
  }
  void finish(Token token, std::int64_t result) {
    completions_.push_back({.token = token, .result = result});
  }
  EntryId next_ = 1;
  std::deque<StoreCompletion> completions_;
  std::set<std::string> begun_;
};

}  // namespace weir

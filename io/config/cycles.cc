// Ways that lead back to where they began: bus -> rule -> target -> bus, and dead letters of dead
// letters. Each is a fault that names the way, found by one walk in depth without recursion.
#include <fmt/format.h>

#include <algorithm>

#include "io/config/draft.h"

namespace weir {
namespace {

// Nodes: buses first, targets behind them.
class WayFinder {
 public:
  explicit WayFinder(const Catalog& catalog)
      : catalog_(catalog), ways_(catalog.buses.size() + catalog.targets.size()) {
    for (std::size_t i = 0; i < catalog.targets.size(); ++i) {
      const TargetSpec& target = catalog.targets[i];
      auto& onward = ways_[node_of_target(i)];
      if (target.kind == TargetKind::bus && target.to_bus.valid()) {
        onward.push_back(target.to_bus.value);
      }
      if (target.dead_letter.kind == DeadLetterSpec::Kind::target) {
        onward.push_back(node_of_target(target.dead_letter.target.value));
      }
    }
    for (const RuleSpec& rule : catalog.rules) {
      for (const TargetId id : rule.targets) {
        auto& ways = ways_[rule.bus.value];
        const std::size_t node = node_of_target(id.value);
        if (std::ranges::find(ways, node) == ways.end()) ways.push_back(node);
      }
    }
  }

  // Cycles as their nodes: of those that share nodes at least one, and not more than anybody reads.
  std::vector<std::vector<std::size_t>> cycles() {
    states_.assign(ways_.size(), State::unseen);
    for (std::size_t node = 0; node < ways_.size(); ++node) {
      if (states_[node] == State::unseen) walk_from(node);
    }
    return std::move(cycles_);
  }

  bool is_target(std::size_t node) const { return node >= catalog_.buses.size(); }
  std::size_t target_index(std::size_t node) const { return node - catalog_.buses.size(); }
  std::string name(std::size_t node) const {
    return is_target(node) ? fmt::format("target '{}'", catalog_.targets[target_index(node)].name)
                           : fmt::format("bus '{}'", catalog_.buses[node].name);
  }

 private:
  static constexpr std::size_t kCyclesMax = 100;
  enum class State : std::uint8_t { unseen, on_path, done };
  struct Step {
    std::size_t node;
    std::size_t next = 0;  // of its ways
  };

  std::size_t node_of_target(std::size_t index) const { return catalog_.buses.size() + index; }

  void walk_from(std::size_t start) {
    std::vector<Step> path = {{start}};
    states_[start] = State::on_path;
    while (!path.empty()) {
      Step& step = path.back();
      if (step.next == ways_[step.node].size()) {
        states_[step.node] = State::done;
        path.pop_back();
        continue;
      }
      const std::size_t to = ways_[step.node][step.next++];
      if (states_[to] == State::unseen) {
        states_[to] = State::on_path;
        path.push_back({to});
      } else if (states_[to] == State::on_path && cycles_.size() < kCyclesMax) {
        const auto first = std::ranges::find(path, to, &Step::node);
        auto& cycle = cycles_.emplace_back();
        for (auto at = first; at != path.end(); ++at) cycle.push_back(at->node);
      }
    }
  }

  const Catalog& catalog_;
  std::vector<std::vector<std::size_t>> ways_;
  std::vector<State> states_;
  std::vector<std::vector<std::size_t>> cycles_;
};

}  // namespace

void check_cycles(CatalogDraft& draft) {
  WayFinder finder(draft.catalog);
  for (const std::vector<std::size_t>& cycle : finder.cycles()) {
    // Told at its first target: every cycle has one, buses lead to targets only.
    const auto at = std::ranges::find_if(cycle, [&](auto node) { return finder.is_target(node); });
    const std::size_t index = finder.target_index(*at);
    if (cycle.size() == 1) {
      draft.reading.fault(*draft.targets[index].dead_letter,
                          fmt::format("{} is its own dead_letter: name another target, or leave it "
                                      "out",
                                      finder.name(*at)));
      continue;
    }
    constexpr std::size_t kShown = 8;
    std::string way;
    for (std::size_t i = 0; i < cycle.size() && i < kShown; ++i) {
      way += finder.name(cycle[i]) + " -> ";
    }
    if (cycle.size() > kShown) way += "... -> ";
    draft.reading.fault(
        *draft.targets[index].key,
        fmt::format("events would go round for ever: {}{}", way, finder.name(cycle.front())));
  }
}

}  // namespace weir

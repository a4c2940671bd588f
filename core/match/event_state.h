// EventState: what has been seen of one event: which fields have values, which tests passed, and in
// which elements of which arrays.
//
// Everything is stamped with the number of the event, so that starting the next one costs nothing.
// Threads: one. Memory grows to what the rule set and the largest event need.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/event/token_text.h"
#include "core/rule/tables.h"

namespace weir::engine {

// No element: the value is in no array that another value could share.
inline constexpr std::uint32_t kFree = 0;
inline constexpr std::uint32_t kExclusionBit = 0x80000000U;

class EventState {
 public:
  struct PathState {
    std::uint32_t event = 0;     // other events mean: no occurrence yet
    std::uint32_t count = 0;     // of occurrences
    std::uint32_t last = kNone;  // occurrence
    bool bound = false;          // some value lies in an element
  };
  struct ExclusionState {
    std::uint32_t event = 0;
    std::uint32_t count = 0;       // values that the exclusion takes
    std::uint32_t last_value = 0;  // occurrence + 1
  };
  // One value of one field, of those that passed a test, and all of fields with kKeepsAll; the
  // element is the innermost that matters to the field. Its hits end where those of the next
  // occurrence begin.
  struct Occurrence {
    std::uint32_t path = 0;
    std::uint32_t element = kFree;
    std::uint32_t hits = 0;
    std::uint32_t previous = kNone;  // of the same path
  };
  struct Element {
    std::uint32_t array = kNone;
    std::uint32_t parent = kFree;
    std::uint32_t begin = 0;  // of its occurrences
    std::uint32_t end = 0;
    std::uint32_t depth = 0;      // of the array in the tree of names
    std::uint32_t outer = kFree;  // the innermost around it that stands less deep there
  };

  void fit(const Tables& tables);
  void start(const Tables& tables);
  // What is added here is also added to `other`, which was started with the tables of the set's
  // second part; `paths` gives the numbers its fields have there. Until the next start().
  void share_with(EventState& other, const std::vector<std::uint32_t>& paths) {
    other_ = &other;
    other_paths_ = &paths;
  }

  void fire(std::uint32_t condition) {
    if (fired_stamp_[condition] == event_) return;
    fired_stamp_[condition] = event_;
    fired_.push_back(condition);
  }

  // A value of a field that rules read: the text of a string, the spelling of a number, or the
  // first letter of a literal. Texts that `stay` until the event is finished may be looked at then.
  void add_string(std::uint32_t path, std::uint32_t element, std::string_view text,
                  bool stays = true) {
    if (other_ != nullptr) [[unlikely]]
      return add_value(path, element, text, Kind::string, stays);
    if (put_off(path, element, text, stays ? Kind::string : Kind::moving)) return;
    const bool passes = tables_->matchers[path].may_pass_string(text.size());
    if (passes || (tables_->path_flags[path] & kKeepsAll) != 0) look_at_string(path, element, text);
  }
  void add_number(std::uint32_t path, std::uint32_t element, std::string_view text) {
    add_value(path, element, text, Kind::number, true);
  }
  // The same of a number that is digits, perhaps with a sign and a point.
  void add_number(std::uint32_t path, std::uint32_t element, std::string_view text,
                  const PlainSpan& number) {
    if (other_ != nullptr) [[unlikely]]
      return add_number(path, element, text);
    if (put_off(path, element, text, Kind::number)) return;
    look_at_number(path, restricting(path, element), text, number);
  }
  void add_literal(std::uint32_t path, std::uint32_t element, std::string_view text) {
    add_value(path, element, text, Kind::literal, true);
  }
  // Whether a value of `path` need not be looked at now, perhaps never: where it is will do.
  bool puts_off(std::uint32_t path, std::uint32_t element) const {
    return other_ == nullptr && element == kFree && (tables_->path_flags[path] & kLate) != 0;
  }
  void add_later(std::uint32_t path, std::size_t token) {
    late_.push_back({nullptr, static_cast<std::uint32_t>(token), path, Kind::token});
  }
  // Where the tokens of the event are.
  void read_from(const TokenText& tokens) { tokens_ = tokens; }
  // Tests those values of `path` that were put off; before anything is asked about it.
  void settle(std::uint32_t path) {
    if (late_.empty() || (tables_->path_flags[path] & kLate) == 0) return;
    settle_late(path);
  }

  std::uint32_t open_array() {
    if (other_ != nullptr) other_->open_array();  // the numbers are the same
    array_ends_.push_back(0);
    return static_cast<std::uint32_t>(array_ends_.size() - 1);
  }
  void close_array(std::uint32_t array) {
    if (other_ != nullptr) other_->close_array(array);
    array_ends_[array] = occurrence_count();
  }
  // `depth`: of the array in the tree of names.
  std::uint32_t open_element(std::uint32_t array, std::uint32_t parent, std::uint32_t depth) {
    if (other_ != nullptr) other_->open_element(array, parent, depth);
    const Element& around = elements_[parent];
    const std::uint32_t outer = around.depth == depth ? around.outer : parent;
    elements_.push_back({array, parent, occurrence_count(), 0, depth, outer});
    return static_cast<std::uint32_t>(elements_.size() - 1);
  }
  void close_element(std::uint32_t element) {
    if (other_ != nullptr) other_->close_element(element);
    elements_[element].end = occurrence_count();
  }

  // Whether elements of an array are wanted that stands where `node` says.
  bool wants_arrays(const PathTree::Node& node) const {
    return node.child_count > 0 && (node.arrays_matter || other_ != nullptr);
  }

  // True when wildcards were given up: what was seen is not all.
  bool exhausted() const { return wildcards_.steps_left < 0; }

  // For the combination.
  std::uint32_t event() const { return event_; }
  std::uint32_t round() const { return round_; }  // of event numbers; stamps of others are stale
  const Tables& tables() const { return *tables_; }
  bool any_bound() const { return any_bound_; }
  bool present(std::uint32_t path) const { return paths_[path].event == event_; }
  const PathState& path(std::uint32_t path) const { return paths_[path]; }
  bool passed(std::uint32_t test) const { return tests_[test] == event_; }
  // Values of a present path that the exclusion does not take.
  bool some_value_escapes(std::uint32_t exclusion, const PathState& path) const {
    const ExclusionState& state = exclusions_[exclusion];
    return state.event != event_ || state.count < path.count;
  }
  const std::vector<std::uint32_t>& fired() const { return fired_; }
  const std::vector<std::uint32_t>& present_paths() const { return present_; }
  const std::vector<std::uint32_t>& touched_exclusions() const { return touched_; }
  std::uint32_t occurrence_count() const { return static_cast<std::uint32_t>(occurrences_.size()); }
  const Occurrence& occurrence(std::uint32_t index) const { return occurrences_[index]; }
  std::span<const std::uint32_t> hits_of(std::uint32_t occurrence) const {
    const std::size_t end =
        occurrence + 1 < occurrences_.size() ? occurrences_[occurrence + 1].hits : hits_.size();
    return {hits_.data() + occurrences_[occurrence].hits, hits_.data() + end};
  }
  const Element& element(std::uint32_t index) const { return elements_[index]; }
  std::uint32_t element_count() const { return static_cast<std::uint32_t>(elements_.size()); }
  std::size_t array_count() const { return array_ends_.size(); }
  std::uint32_t array_end(std::uint32_t array) const { return array_ends_[array]; }

 private:
  enum class Kind : std::uint8_t {
    string,
    number,
    literal,
    moving,  // a string that does not stay
    token,   // any; see the token
  };
  struct LateValue {
    const char* text = nullptr;
    std::uint32_t size = 0;  // or the token
    std::uint32_t path = 0;
    Kind kind = Kind::string;
  };
  static constexpr std::size_t kFewLate = 32;

  // The innermost of the elements from `element` outwards that can restrict the field.
  std::uint32_t restricting(std::uint32_t path, std::uint32_t element) const {
    while (element != kFree && elements_[element].depth > tables_->array_depths[path]) {
      element = elements_[element].outer;
    }
    return element;
  }
  // True when the value need not be looked at now, perhaps never.
  bool put_off(std::uint32_t path, std::uint32_t element, std::string_view text, Kind kind) {
    if ((tables_->path_flags[path] & kLate) == 0 || kind == Kind::moving) return false;
    if (element != kFree && restricting(path, element) != kFree) return false;
    late_.push_back({text.data(), static_cast<std::uint32_t>(text.size()), path, kind});
    return true;
  }
  void settle_late(std::uint32_t path);
  void look_at_late(const LateValue& value);
  void look_at_string(std::uint32_t path, std::uint32_t element, std::string_view text);
  // For both parts.
  void add_value(std::uint32_t path, std::uint32_t element, std::string_view text, Kind kind,
                 bool stays);
  void look_at(std::uint32_t path, std::uint32_t element, std::string_view text, Kind kind);

  // A value of `path`; what follows until the next begin() is about it.
  void begin(std::uint32_t path, std::uint32_t element) {
    path_ = path;
    element_ = element;
    kept_ = false;
    if ((tables_->path_flags[path] & kKeepsAll) != 0) keep();
  }
  void hit(std::uint32_t test) {
    if (!kept_) keep();
    hits_.push_back(test);
    if (tests_[test] != event_) {
      tests_[test] = event_;
      for (const std::uint32_t condition : tables_->fires[test]) fire(condition);
    }
    for (const std::uint32_t exclusion : tables_->excludes[test]) exclude(exclusion);
  }
  // Makes an occurrence of the value that was begun last.
  void keep() {
    kept_ = true;
    PathState& state = paths_[path_];
    if (state.event != event_) {
      state = {event_, 0, kNone, false};
      if ((tables_->path_flags[path_] & kWatched) != 0) present_.push_back(path_);
    }
    ++state.count;
    if (element_ != kFree) state.bound = any_bound_ = true;
    std::uint32_t& last = state.last;
    const auto index = static_cast<std::uint32_t>(occurrences_.size());
    occurrences_.push_back({path_, element_, static_cast<std::uint32_t>(hits_.size()), last});
    last = index;
  }
  void look_at_number(std::uint32_t path, std::uint32_t element, std::string_view text,
                      const PlainSpan& number) {
    begin(path, element);
    const auto place = tables_->matchers[path].place_of(NumberFilter::key_of(number));
    if (place != NumberFilter::kNowhere) find_number(path, text, number, place);
  }
  bool find_number(std::uint32_t path, std::string_view text);
  // The value begun last.
  void find_number(std::uint32_t path, std::string_view text, const PlainSpan& number,
                   NumberFilter::Place place);
  void exclude(std::uint32_t exclusion) {
    ExclusionState& state = exclusions_[exclusion];
    const std::uint32_t value = occurrence_count();
    if (state.event != event_) {
      state = {event_, 0, 0};
      touched_.push_back(exclusion);
    }
    if (state.last_value == value) return;
    state.last_value = value;
    ++state.count;
    hits_.push_back(exclusion | kExclusionBit);
  }

  // False when only the other part reads `path`.
  bool reads(std::uint32_t path) const { return path < tables_->path_count(); }

  const Tables* tables_ = nullptr;  // during one event
  EventState* other_ = nullptr;     // likewise
  const std::vector<std::uint32_t>* other_paths_ = nullptr;
  TokenText tokens_;
  std::string unescaped_;
  std::uint32_t event_ = 0;
  std::uint32_t round_ = 0;
  bool any_bound_ = false;
  bool kept_ = false;  // the value begun last
  std::uint32_t path_ = 0;
  std::uint32_t element_ = kFree;
  std::vector<std::uint32_t> tests_;  // by test: the event it passed in
  std::vector<PathState> paths_;
  std::vector<ExclusionState> exclusions_;
  std::vector<std::uint32_t> fired_stamp_;  // by condition
  std::vector<std::uint32_t> fired_;        // anchors that are met
  std::vector<std::uint32_t> present_;      // watched paths
  std::vector<std::uint32_t> touched_;      // exclusions that take some value
  std::vector<Occurrence> occurrences_;
  std::vector<std::uint32_t> hits_;  // tests, and exclusions with kExclusionBit
  std::vector<Element> elements_;
  std::vector<std::uint32_t> array_ends_;
  std::vector<LateValue> late_;
  std::vector<std::uint32_t> places_;   // of numbers: the event one like this was looked at in
  std::vector<std::uint32_t> settled_;  // by path: the event whose late values were looked at
  WildcardScratch wildcards_;
};

}  // namespace weir::engine

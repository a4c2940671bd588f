#include "core/match/event_state.h"

#include <algorithm>

namespace weir::engine {
namespace {

template <typename T>
void grow(std::vector<T>& list, std::size_t size) {
  if (list.size() < size) list.resize(size);
}

}  // namespace

void EventState::fit(const Tables& tables) {
  grow(tests_, tables.test_count);
  grow(paths_, tables.matchers.size());
  grow(settled_, tables.matchers.size());
  grow(places_, tables.number_places);
  grow(exclusions_, tables.exclusion_count);
  grow(fired_stamp_, tables.conditions.size());
  grow(wildcards_.next, tables.wildcards.nodes);
  grow(wildcards_.waiting, tables.wildcards.pieces);
  grow(wildcards_.bits, tables.wildcards.words);
  grow(wildcards_.due, tables.wildcards.ring);
}

void EventState::start(const Tables& tables) {
  tables_ = &tables;
  other_ = nullptr;
  if (++event_ == 0) {
    // The stamps have gone round once; forget them all.
    std::ranges::fill(tests_, 0);
    std::ranges::fill(paths_, PathState{});
    std::ranges::fill(settled_, 0);
    std::ranges::fill(places_, 0);
    std::ranges::fill(exclusions_, ExclusionState{});
    std::ranges::fill(fired_stamp_, 0);
    event_ = 1;
    ++round_;
  }
  any_bound_ = false;
  wildcards_.steps_left = static_cast<std::int64_t>(tables.wildcard_steps_max);
  fired_.clear();
  present_.clear();
  touched_.clear();
  occurrences_.clear();
  hits_.clear();
  late_.clear();
  array_ends_.clear();
  elements_.resize(1);  // kFree
}

void EventState::add_value(std::uint32_t path, std::uint32_t element, std::string_view text,
                           Kind kind, bool stays) {
  if (other_ != nullptr) [[unlikely]] {
    const std::uint32_t there = (*other_paths_)[path];
    if (there != kNone) other_->add_value(there, element, text, kind, stays);
    if (!reads(path)) return;
  }
  if (put_off(path, element, text, stays ? kind : Kind::moving)) return;
  look_at(path, restricting(path, element), text, kind);
}

void EventState::look_at_string(std::uint32_t path, std::uint32_t element, std::string_view text) {
  look_at(path, restricting(path, element), text, Kind::string);
}

void EventState::look_at_late(const LateValue& value) {
  if (value.kind != Kind::token) {
    look_at(value.path, kFree, {value.text, value.size}, value.kind);
    return;
  }
  const char first = tokens_.bytes[value.size];
  if (first != '"') {
    const bool number = first == '-' || is_digit(first);
    PlainSpan plain;
    if (number && tokens_.plain_number_at(value.size, plain)) {
      look_at_number(value.path, kFree, tokens_.scalar_at(value.size), plain);
    } else {
      look_at(value.path, kFree, tokens_.scalar_at(value.size),
              number ? Kind::number : Kind::literal);
    }
    return;
  }
  std::string_view text = tokens_.string_at(value.size);
  if (text.find('\\') != std::string_view::npos) [[unlikely]] {
    if (unescaped_.size() < text.size()) unescaped_.resize(text.size());
    const char* end = unescape_json(text, unescaped_.data());
    text = {unescaped_.data(), static_cast<std::size_t>(end - unescaped_.data())};
  }
  look_at(value.path, kFree, text, Kind::string);
}

void EventState::look_at(std::uint32_t path, std::uint32_t element, std::string_view text,
                         Kind kind) {
  begin(path, element);
  const ValueMatcher& matcher = tables_->matchers[path];
  if (kind == Kind::string) {
    matcher.find_string(text, wildcards_, [this](std::uint32_t t) { hit(t); });
  } else if (kind == Kind::number) {
    find_number(path, text);
  } else {
    const std::uint32_t test = matcher.literal_test(text.front());
    if (test != kNone) hit(test);
  }
}

bool EventState::find_number(std::uint32_t path, std::string_view text) {
  return tables_->matchers[path].find_number(text, [this](std::uint32_t t) { hit(t); });
}

void EventState::find_number(std::uint32_t path, std::string_view text, const PlainSpan& number,
                             NumberFilter::Place place) {
  if (place == NumberFilter::kSomewhere) {
    find_number(path, text);
    return;
  }
  const ValueMatcher& matcher = tables_->matchers[path];
  // Numbers that pass the same tests, and that nothing tells apart, are looked at once.
  const bool alike = element_ == kFree && (tables_->path_flags[path] & kKeepsAll) == 0 &&
                     (!NumberFilter::on_mark(place) || NumberFilter::whole_in_key(number));
  std::uint32_t& seen = places_[matcher.place_base() + place];
  if (alike && seen == event_) return;
  const bool known = matcher.find_at(place, number, [this](std::uint32_t t) { hit(t); });
  if ((known || find_number(path, text)) && alike) seen = event_;
}

void EventState::settle_late(std::uint32_t path) {
  if (late_.size() > kFewLate) {
    // Going through all for each field would be the square of their number.
    for (const LateValue& value : late_) look_at_late(value);
    late_.clear();
    return;
  }
  if (settled_[path] == event_) return;
  settled_[path] = event_;
  for (const LateValue& value : late_) {
    if (value.path == path) look_at_late(value);
  }
}

}  // namespace weir::engine

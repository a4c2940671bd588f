#include "core/wire/match_binding.h"

#include "core/base/check.h"

namespace weir {

namespace {

constexpr std::string_view kAnyId = "00000000-0000-4000-8000-000000000000";

PathId path_of(const RuleSet& rules, std::string_view field) {
  return rules.find_path(field).value_or(PathId());
}

FlatValue text_value(PathId path, std::string_view text) {
  return {.path = path, .kind = FlatValue::string, .raw = text};
}

}  // namespace

EnvelopeBinding::EnvelopeBinding(const RuleSet& rules, const EventRenderer& renderer,
                                 SourceId source)
    : renderer_(renderer),
      account_(path_of(rules, "account")),
      region_(path_of(rules, "region")),
      time_(path_of(rules, "time")) {
  const EnvelopeText* text = renderer.envelope(source);
  WEIR_CHECK(text != nullptr);
  bind(rules, "version", "0");
  bind(rules, "id", kAnyId);
  bind(rules, "source", text->source);
  bind(rules, "detail-type", text->detail_type);
  for (const std::string& resource : text->resources) bind(rules, "resources", resource);
  if (text->resources.empty()) resources_ = path_of(rules, "resources");
  arn_.reserve(256);
}

void EnvelopeBinding::bind(const RuleSet& rules, std::string_view field, std::string_view text) {
  const PathId path = path_of(rules, field);
  if (path.valid()) constants_.push_back(text_value(path, text));
}

EnvelopeValues EnvelopeBinding::values(WallTime received) {
  values_.clear();
  append(renderer_.facts(received), values_);
  return {.constants = values_, .prefix = kDetailField};
}

void EnvelopeBinding::append(const EnvelopeFacts& facts, std::vector<FlatValue>& out) {
  out.insert(out.end(), constants_.begin(), constants_.end());
  if (account_.valid()) out.push_back(text_value(account_, facts.account));
  if (region_.valid()) out.push_back(text_value(region_, facts.region));
  if (time_.valid()) {
    time_text_ = event_time(facts.time_s);
    out.push_back(text_value(time_, {time_text_.data(), time_text_.size()}));
  }
  if (resources_.valid() && !facts.interface_id.empty()) {
    arn_.clear();
    for (const std::string_view piece : interface_arn(facts)) arn_ += piece;
    out.push_back(text_value(resources_, arn_));
  }
}

FlowLogBinding::FlowLogBinding(const RuleSet& rules, const EventRenderer& renderer, SourceId source,
                               const FlowLogLayout& layout)
    : renderer_(renderer), layout_(layout) {
  std::string prefix;
  if (renderer.enveloped(source)) {
    envelope_ = std::make_unique<EnvelopeBinding>(rules, renderer, source);
    prefix = std::string(kDetailField) + ".";
  }
  for (std::size_t i = 0; i < layout.field_count(); ++i) {
    const FlowLogField& field = layout.fields()[i];
    const PathId path = path_of(rules, prefix + field.name);
    if (!path.valid()) continue;
    const bool integer = field.type == FlowLogType::integer;
    bound_.push_back({i, path, integer ? FlatValue::number : FlatValue::string});
  }
  values_.reserve(2 * kFlowLogFieldsMax);
}

std::span<const FlatValue> FlowLogBinding::fill(const FlowLogValues& values, WallTime received) {
  values_.clear();
  for (const Bound& bound : bound_) {
    const std::string_view value = values[bound.field];
    if (value.empty()) continue;  // absent, as it will be in the JSON
    values_.push_back({.path = bound.path, .kind = bound.kind, .raw = value});
  }
  if (envelope_ != nullptr) envelope_->append(renderer_.facts(layout_, values, received), values_);
  return values_;
}

}  // namespace weir

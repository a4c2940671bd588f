#include "core/wire/render.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "core/wire/json_text.h"

namespace weir {

namespace {

constexpr std::string_view kBeforeId = R"({"version":"0","id":")";
constexpr std::string_view kBeforeTime = R"(","time":")";
constexpr std::string_view kBeforeRegion = R"(","region":")";
constexpr std::string_view kBeforeResources = R"(","resources":)";
constexpr std::string_view kBeforeDetail = R"(,"detail":)";
// More than all of the above, the id, the time, and an ARN's constant parts.
constexpr std::size_t kEnvelopeFixedBytes = 320;

char* append(std::string_view text, char* out) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

// The finaliser of splitmix64: a bijection whose output bits depend on all input bits.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

void write_digits(unsigned value, std::size_t count, char* out) {
  for (std::size_t i = count; i-- > 0; value /= 10) {
    out[i] = static_cast<char>('0' + value % 10);
  }
}

bool is_account(std::string_view text) {
  return text.size() == 12 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view value_of(const FlowLogValues& values, int field) {
  return field < 0 ? std::string_view() : values[static_cast<std::size_t>(field)];
}

}  // namespace

EventIdText event_id(std::uint64_t id_seed, std::uint64_t id_sequence, std::uint32_t event_index) {
  // A block holds fewer than 2^24 events, so that `place` is different for each event of a seed.
  const std::uint64_t place = (id_sequence << 24U) + event_index;
  const std::uint64_t high = mix(place ^ mix(id_seed + 0x9e3779b97f4a7c15U));
  const std::uint64_t low = mix(place + mix(~id_seed) + 0xda942042e4dd58b5U);
  static constexpr std::string_view kHex = "0123456789abcdef";
  const std::uint64_t versioned = (high & ~std::uint64_t{0xf000}) | 0x4000;
  const std::uint64_t varied = (low & ~(std::uint64_t{3} << 62U)) | (std::uint64_t{2} << 62U);
  EventIdText text;
  std::size_t at = 0;
  for (unsigned nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) text[at++] = '-';
    const std::uint64_t word = nibble < 16 ? versioned : varied;
    text[at++] = kHex[(word >> (60 - 4 * (nibble % 16))) & 15U];
  }
  return text;
}

EventTimeText event_time(std::int64_t seconds_since_1970) {
  constexpr std::int64_t kLastSecond = 253402300799;  // of the year 9999
  const std::chrono::sys_seconds time{
      std::chrono::seconds(std::clamp<std::int64_t>(seconds_since_1970, 0, kLastSecond))};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto second = static_cast<unsigned>((time - day).count());
  EventTimeText text;
  std::memcpy(text.data(), "0000-00-00T00:00:00Z", text.size());
  write_digits(static_cast<unsigned>(static_cast<int>(date.year())), 4, text.data());
  write_digits(static_cast<unsigned>(date.month()), 2, text.data() + 5);
  write_digits(static_cast<unsigned>(date.day()), 2, text.data() + 8);
  write_digits(second / 3600, 2, text.data() + 11);
  write_digits(second / 60 % 60, 2, text.data() + 14);
  write_digits(second % 60, 2, text.data() + 17);
  return text;
}

std::array<std::string_view, 8> interface_arn(const EnvelopeFacts& facts) {
  std::string_view partition = "aws";
  if (facts.region.starts_with("cn-")) partition = "aws-cn";
  if (facts.region.starts_with("us-gov-")) partition = "aws-us-gov";
  return {"arn:",
          partition,
          ":ec2:",
          facts.region,
          ":",
          facts.account,
          ":network-interface/",
          facts.interface_id};
}

Rendering::Rendering(std::string account, std::string region, std::optional<EnvelopeText> envelope)
    : account_(std::move(account)), region_(std::move(region)), envelope_(std::move(envelope)) {
  if (!envelope_) return;
  before_account_ = R"(","detail-type":")" + json_escaped(envelope_->detail_type) +
                    R"(","source":")" + json_escaped(envelope_->source) + R"(","account":")";
  for (const std::string& resource : envelope_->resources) {
    resources_ += resources_.empty() ? "[\"" : ",\"";
    resources_ += json_escaped(resource) + "\"";
  }
  if (!resources_.empty()) resources_ += "]";
}

EventRenderer::EventRenderer(const std::string& account, const std::string& region,
                             std::vector<SourceRendering> sources)
    : other_(account, region, std::nullopt) {
  for (SourceRendering& source : sources) {
    sources_.emplace_back(account, region, std::move(source.envelope));
  }
}

EnvelopeFacts EventRenderer::facts(WallTime received) const {
  return facts(other_, received);
}

EnvelopeFacts EventRenderer::facts(const FlowLogLayout& layout, const FlowLogValues& values,
                                   WallTime received) const {
  return facts(other_, layout, values, received);
}

EnvelopeFacts EventRenderer::facts(const Rendering& rendering, WallTime received) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(received.since_epoch).count();
  return {.account = rendering.account(),
          .region = rendering.region(),
          .interface_id = {},
          .time_s = seconds};
}

EnvelopeFacts EventRenderer::facts(const Rendering& rendering, const FlowLogLayout& layout,
                                   const FlowLogValues& values, WallTime received) {
  EnvelopeFacts facts = EventRenderer::facts(rendering, received);
  const FlowLogLayout::Known& known = layout.known();
  const std::string_view account = value_of(values, known.account_id);
  if (is_account(account)) facts.account = account;
  const std::string_view region = value_of(values, known.region);
  if (!region.empty()) facts.region = region;
  const std::string_view interface_id = value_of(values, known.interface_id);
  if (interface_id.starts_with("eni-")) facts.interface_id = interface_id;
  const std::string_view end = value_of(values, known.end);
  // 19 digits may be more than 64 bits hold: then the time of receipt stands.
  if (!end.empty()) std::from_chars(end.data(), end.data() + end.size(), facts.time_s);
  return facts;
}

std::size_t EventRenderer::size_bound(const Origin& origin, std::size_t event_bytes) const {
  std::size_t bound = event_bytes;
  if (origin.layout != nullptr) bound = origin.layout->json_size_bound(event_bytes);
  const Rendering& how = rendering(origin);
  if (!how.envelope()) return bound;
  bound += kEnvelopeFixedBytes + how.before_account_.size() + how.resources_.size();
  // Account and region stand in the envelope and in the ARN, and may come from the record.
  bound += 2 * kJsonEscapeMax * (how.account_.size() + how.region_.size());
  if (origin.layout != nullptr) bound += 3 * kJsonEscapeMax * event_bytes;
  return bound;
}

char* EventRenderer::render(const Block& block, std::size_t span_index, std::size_t event_index,
                            char* out) const {
  const EventEntry& entry = block.events[event_index];
  const Origin& origin = *block.spans[span_index].origin;
  const std::string_view event = block.text().substr(entry.offset, entry.length);
  const Rendering& how = rendering(origin);
  if (!how.envelope()) {
    return origin.layout == nullptr ? append(event, out) : origin.layout->render_json(event, out);
  }
  const EventIdText id =
      event_id(block.id_seed, block.id_sequence, static_cast<std::uint32_t>(event_index));
  if (origin.layout == nullptr) {
    out = render_head(how, facts(how, block.received.wall), id, out);
    out = append(event, out);
  } else {
    FlowLogValues values;
    WEIR_CHECK(origin.layout->split(event, values) == RefuseReason::none);
    out = render_head(how, facts(how, *origin.layout, values, block.received.wall), id, out);
    out = origin.layout->render_json(event, out);
  }
  *out++ = '}';
  return out;
}

char* EventRenderer::render_head(const Rendering& rendering, const EnvelopeFacts& facts,
                                 const EventIdText& id, char* out) {
  out = append(kBeforeId, out);
  out = append({id.data(), id.size()}, out);
  out = append(rendering.before_account_, out);
  out = write_json_escaped(facts.account, out);
  out = append(kBeforeTime, out);
  const EventTimeText time = event_time(facts.time_s);
  out = append({time.data(), time.size()}, out);
  out = append(kBeforeRegion, out);
  out = write_json_escaped(facts.region, out);
  out = append(kBeforeResources, out);
  if (!rendering.resources_.empty()) {
    out = append(rendering.resources_, out);
  } else if (!facts.interface_id.empty()) {
    out = append("[\"", out);
    for (const std::string_view piece : interface_arn(facts)) out = write_json_escaped(piece, out);
    out = append("\"]", out);
  } else {
    out = append("[]", out);
  }
  return append(kBeforeDetail, out);
}

}  // namespace weir

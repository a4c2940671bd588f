#include "tools/gen/draws.h"

#include <charconv>

#include "core/base/check.h"
#include "core/wire/render.h"

namespace weir {

namespace {

// 2^(i/32) in 65536ths.
constexpr std::array<std::uint32_t, 32> kPowers = {
    65536,  66971,  68438,  69936,  71468,  73032,  74632,  76266,  77936,  79642,  81386,
    83169,  84990,  86851,  88752,  90696,  92682,  94711,  96785,  98905,  101070, 103283,
    105545, 107856, 110218, 112631, 115098, 117618, 120194, 122825, 125515, 128263};

}  // namespace

std::uint64_t draw_log_normal(Random& random, std::uint32_t median_log2,
                              std::uint32_t spread_log2) {
  // The sum of four uniform 16-bit numbers is nearly normal: mean 131070, deviation 37837.
  const std::uint64_t bits = random();
  const std::int64_t sum = static_cast<std::int64_t>((bits & 0xffffU) + ((bits >> 16U) & 0xffffU) +
                                                     ((bits >> 32U) & 0xffffU) + (bits >> 48U)) -
                           131070;
  std::int64_t exponent = std::int64_t{median_log2} + sum * std::int64_t{spread_log2} / 37837;
  if (exponent < 0) exponent = 0;
  if (exponent > 40 * 256) exponent = 40 * 256;
  const auto power = static_cast<std::uint64_t>(exponent);
  return ((std::uint64_t{1} << (power / 256)) * kPowers[power % 256 / 8]) >> 16U;
}

WeightedIndex::WeightedIndex(std::span<const std::uint32_t> weights) : slots_(weights.size()) {
  WEIR_CHECK(!weights.empty());
  std::uint64_t total = 0;
  for (const std::uint32_t weight : weights) total += weight;
  // Each slot holds `total` shares; a weight brings `size` times itself.
  scale_ = total;
  std::vector<std::uint64_t> shares;
  std::vector<std::size_t> small;
  std::vector<std::size_t> large;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    shares.push_back(std::uint64_t{weights[i]} * weights.size());
    (shares[i] < total ? small : large).push_back(i);
  }
  while (!small.empty()) {
    const std::size_t low = small.back();
    small.pop_back();
    const std::size_t high = large.back();  // there is one: the mean share is `total`
    slots_[low] = {shares[low], high};
    shares[high] -= total - shares[low];
    if (shares[high] >= total) continue;
    large.pop_back();
    small.push_back(high);
  }
  for (const std::size_t full : large) slots_[full] = {total, full};
}

std::size_t WeightedIndex::draw(Random& random) const {
  const std::size_t slot = random.below(slots_.size());
  return random.below(scale_) < slots_[slot].limit ? slot : slots_[slot].other;
}

WeightedIndex few_talkers(std::size_t count) {
  std::vector<std::uint32_t> weights;
  for (std::size_t k = 1; k <= count; ++k) {
    weights.push_back(static_cast<std::uint32_t>(1'000'000 / (k + 2) + 1));
  }
  return WeightedIndex(weights);
}

std::string hex_digits(Random& random, std::size_t count) {
  static constexpr std::array<char, 17> kHex = {"0123456789abcdef"};
  std::string text;
  while (text.size() < count) text += kHex[random.below(16)];
  return text;
}

std::string upper_letters_and_digits(Random& random, std::size_t count) {
  static constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  while (text.size() < count) text += kLetters[random.below(kLetters.size())];
  return text;
}

// One draw a statement: the order in which the operands of `+` are evaluated is the compiler's.
std::string uuid(Random& random) {
  std::string text = hex_digits(random, 8);
  text += "-" + hex_digits(random, 4);
  text += "-4" + hex_digits(random, 3);
  text += "-a" + hex_digits(random, 3);
  text += "-" + hex_digits(random, 12);
  return text;
}

std::string private_address(Random& random, unsigned network) {
  std::string text = "10." + std::to_string(network);
  text += "." + std::to_string(random.below(256));
  text += "." + std::to_string(1 + random.below(254));
  return text;
}

std::string public_address(Random& random) {
  // First numbers that are neither private, reserved nor multicast.
  static constexpr std::array<unsigned, 24> kFirst = {3,   13,  18,  23,  34,  35,  44,  45,
                                                      46,  52,  54,  64,  77,  80,  91,  103,
                                                      104, 142, 151, 159, 185, 194, 203, 212};
  std::string text = std::to_string(pick(random, kFirst));
  for (int i = 0; i < 3; ++i) text += "." + std::to_string(1 + random.below(254));
  return text;
}

std::string ipv6_address(Random& random, std::string_view prefix) {
  static constexpr std::string_view kFirst = "123456789abcdef";  // no zero in front
  std::string text(prefix);
  for (int i = 0; i < 4; ++i) {
    text += ':';
    text += kFirst[random.below(kFirst.size())];
    text += hex_digits(random, 3);
  }
  return text;
}

void LineBuffer::add_number(std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  add({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void LineBuffer::add_two_digits(std::uint64_t number) {
  add(static_cast<char>('0' + number / 10 % 10));
  add(static_cast<char>('0' + number % 10));
}

void LineBuffer::add_hex(std::uint64_t bits, std::size_t digits) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  for (std::size_t i = digits; i-- > 0;) add(kHex[(bits >> (4 * i)) & 15U]);
}

void LineBuffer::add_time(std::int64_t seconds_since_1970) {
  const EventTimeText time = event_time(seconds_since_1970);
  add({time.data(), time.size()});
}

}  // namespace weir

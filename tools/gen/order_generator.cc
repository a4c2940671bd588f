#include "tools/gen/order_generator.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "tools/gen/draws.h"

namespace weir {

namespace {

constexpr std::int64_t kFirstSecond = 1795240800;  // 2026-11-21T06:00:00Z
constexpr std::uint64_t kRecordsPerSecond = 1000;
constexpr std::size_t kCustomers = 5000;
constexpr std::size_t kArticles = 400;

struct Country {
  std::string_view code;
  std::string_view currency;
  std::string_view city;
};

constexpr auto kCountries = std::to_array<Country>({{"DE", "EUR", "M\u00fcnchen"},
                                                    {"FR", "EUR", "Lyon"},
                                                    {"US", "USD", "Portland"},
                                                    {"GB", "GBP", "Leeds"},
                                                    {"JP", "JPY", "\u5927\u962a"},
                                                    {"BR", "BRL", "S\u00e3o Paulo"}});
constexpr auto kTypes = std::to_array<std::string_view>(
    {"order.placed", "order.placed", "order.paid", "order.paid", "order.shipped", "order.delivered",
     "order.cancelled", "payment.failed"});
constexpr auto kTiers =
    std::to_array<std::string_view>({"standard", "standard", "standard", "silver", "gold"});
constexpr auto kMethods = std::to_array<std::string_view>({"card", "card", "paypal", "invoice"});
constexpr auto kChannels = std::to_array<std::string_view>({"web", "web", "app", "store"});
constexpr auto kWords =
    std::to_array<std::string_view>({"kettle", "lamp", "chair", "notebook", "bicycle \\\"Tour\\\"",
                                     "headphones", "backpack", "teapot", "monitor", "keyboard"});
constexpr auto kReasons =
    std::to_array<std::string_view>({"insufficient_funds", "card_expired", "suspected_fraud"});

struct Customer {
  std::string id;
  const Country* country = nullptr;
  std::string_view tier;
};

class OrderGenerator final : public Generator {
 public:
  explicit OrderGenerator(std::uint64_t seed);
  void append_next(std::string& out) override;

 private:
  void add_money(std::uint64_t cents);
  std::uint64_t add_items();

  Random random_;
  std::vector<Customer> customers_;
  WeightedIndex customer_draw_;
  WeightedIndex article_draw_;
  std::uint64_t made_ = 0;
  LineBuffer line_;
};

OrderGenerator::OrderGenerator(std::uint64_t seed)
    : random_(seed),
      customer_draw_(few_talkers(kCustomers)),
      article_draw_(few_talkers(kArticles)) {
  for (std::size_t i = 0; i < kCustomers; ++i) {
    Customer customer;
    customer.id = "c-" + hex_digits(random_, 8);
    customer.country = &pick(random_, kCountries);
    customer.tier = pick(random_, kTiers);
    customers_.push_back(customer);
  }
}

void OrderGenerator::add_money(std::uint64_t cents) {
  line_.add_number(cents / 100);
  line_.add('.');
  line_.add_two_digits(cents % 100);
}

// Returns what they cost, in cents.
std::uint64_t OrderGenerator::add_items() {
  std::uint64_t total = 0;
  const std::uint64_t count = 1 + random_.below(4);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t article = article_draw_.draw(random_);
    const std::uint64_t quantity = 1 + random_.below(3);
    const std::uint64_t price = 199 + article * 8675309 % 48900;
    total += quantity * price;
    line_.add_all(i == 0 ? "{" : ",{", R"("sku":"A-)", std::uint64_t{100000 + article},
                  R"(","name":")", kWords[article % kWords.size()], R"(","quantity":)", quantity,
                  R"(,"price":)");
    add_money(price);
    line_.add('}');
  }
  return total;
}

void OrderGenerator::append_next(std::string& out) {
  const std::uint64_t number = made_++;
  const Customer& customer = customers_[customer_draw_.draw(random_)];
  const std::string_view type = pick(random_, kTypes);
  line_.clear();
  line_.add_all(R"({"type":")", type, R"(","orderId":"o-)", std::uint64_t{4000000 + number},
                R"(","time":")");
  line_.add_time(kFirstSecond + static_cast<std::int64_t>(number / kRecordsPerSecond));
  line_.add_all(R"(","channel":")", pick(random_, kChannels), R"(","customer":{"id":")",
                customer.id, R"(","tier":")", customer.tier, R"(","country":")",
                customer.country->code, R"(","city":")", customer.country->city, R"("},"items":[)");
  const std::uint64_t total = add_items();
  line_.add(R"(],"total":)");
  add_money(total);
  line_.add_all(R"(,"currency":")", customer.country->currency, R"(","payment":{"method":")",
                pick(random_, kMethods), "\"");
  if (type == "payment.failed") line_.add_all(R"(,"error":")", pick(random_, kReasons), "\"");
  line_.add_all(R"(},"gift":)", draw_chance(random_, 60) ? "true" : "false", R"(,"coupon":)",
                number % 9 == 0 ? R"("AUTUMN26")" : "null", "}\n");
  out += line_.view();
}

}  // namespace

std::unique_ptr<Generator> make_order_generator(std::uint64_t seed) {
  return std::make_unique<OrderGenerator>(seed);
}

}  // namespace weir

#include "core/api/read_operations.h"

#include <algorithm>
#include <array>

#include "core/rule/json_text.h"

namespace weir {
namespace {

constexpr std::uint64_t kPageMost = 100;
constexpr std::string_view kNameExpression = R"([\.\-_A-Za-z0-9]+)";
constexpr std::string_view kBusExpression =
    R"((arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[/\.\-_A-Za-z0-9]+)";

// A page of a list in the order of names.
struct Page {
  std::string prefix;
  std::string after;  // the last name of the page before
  std::uint64_t limit = kPageMost;
};

// Tokens are names in hexadecimal: opaque enough, and they need no memory here.
std::string token_of(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string token = "n";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    token += kDigits[byte >> 4U];
    token += kDigits[byte & 15U];
  }
  return token;
}

std::optional<std::string> name_of(std::string_view token) {
  if (!token.starts_with('n') || token.size() % 2 == 0) return std::nullopt;
  std::string name;
  for (std::size_t i = 1; i < token.size(); i += 2) {
    const int high = hex_value(token[i]);
    const int low = hex_value(token[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    name += static_cast<char>(high * 16 + low);
  }
  return name;
}

class Operation {
 public:
  Operation(AwsInput& input, const ApiModel& model) : input_(input), model_(model) {}

  AwsOutcome list_event_buses() {
    const Page page = read_page();
    if (auto fault = first_fault()) return *std::move(fault);
    begin();
    list("EventBuses", page, model_.buses(),
         [&](const std::string& name, const ApiBus& bus) { write_bus(name, bus); });
    return end();
  }

  AwsOutcome describe_event_bus() {
    const std::string name = read_bus("Name", "name");
    if (auto fault = first_fault()) return *std::move(fault);
    const ApiBus* bus = model_.bus(name);
    if (bus == nullptr) return no_such_bus(name);
    write_bus(name, *bus);
    return end();
  }

  AwsOutcome list_rules() {
    const Page page = read_page();
    const std::string bus_name = read_bus("EventBusName", "eventBusName");
    if (auto fault = first_fault()) return *std::move(fault);
    const ApiBus* bus = model_.bus(bus_name);
    if (bus == nullptr) return no_such_bus(bus_name);
    begin();
    list("Rules", page, bus->rules, [&](const std::string& name, const ApiRule& rule) {
      writer_.begin_object();
      write_rule(name, bus_name, rule);
      writer_.end_object();
    });
    return end();
  }

  AwsOutcome describe_rule() {
    const Found found = find_rule("Name", "name");
    if (found.fault) return *found.fault;
    begin();
    write_rule(found.name, found.bus, *found.rule);
    writer_.member("CreatedBy", model_.account());
    return end();
  }

  AwsOutcome list_targets_by_rule() {
    const Page page = read_page();
    const Found found = find_rule("Rule", "rule");
    if (found.fault) return *found.fault;
    begin();
    std::map<std::string, const ApiTarget*, std::less<>> targets;
    for (const ApiTarget& target : found.rule->targets) targets[target.id] = &target;
    list("Targets", page, targets, [&](const std::string& id, const ApiTarget* target) {
      writer_.begin_object().member("Id", id).member("Arn", target->arn);
      if (!target->role.empty()) writer_.member("RoleArn", target->role);
      if (!target->settings.empty()) writer_.members(target->settings);
      writer_.end_object();
    });
    return end();
  }

  AwsOutcome list_rule_names_by_target() {
    const Page page = read_page();
    const auto arn = input_.text("TargetArn");
    if (!arn) constraints_.broken("targetArn", "null", "not be null");
    if (arn) constraints_.length("targetArn", *arn, 1, 1600);
    const std::string bus_name = read_bus("EventBusName", "eventBusName");
    if (auto fault = first_fault()) return *std::move(fault);
    const ApiBus* bus = model_.bus(bus_name);
    if (bus == nullptr) return no_such_bus(bus_name);
    std::map<std::string, const ApiRule*, std::less<>> rules;
    for (const auto& [name, rule] : bus->rules) {
      const bool names_it =
          std::ranges::find(rule.targets, *arn, &ApiTarget::arn) != rule.targets.end();
      if (names_it) rules[name] = &rule;
    }
    begin();
    list("RuleNames", page, rules,
         [&](const std::string& name, const ApiRule* /*rule*/) { writer_.text(name); });
    return end();
  }

  AwsOutcome list_tags() {
    const auto arn = input_.text("ResourceARN");
    if (!arn) constraints_.broken("resourceARN", "null", "not be null");
    if (arn) constraints_.length("resourceARN", *arn, 1, 1600);
    if (auto fault = first_fault()) return *std::move(fault);
    const auto resource = model_.resource(*arn);
    if (!resource) {
      return validation_error(
          "Parameter ResourceARN is not valid. Reason: it is no bus or rule of "
          "account " +
          model_.account() + " in " + model_.region() + ".");
    }
    const ApiBus* bus = model_.bus(resource->bus);
    if (resource->rule && (bus == nullptr || !bus->rules.contains(*resource->rule))) {
      return no_such_rule(*resource->rule, resource->bus);
    }
    if (bus == nullptr) return no_such_bus(resource->bus);
    begin();
    writer_.name("Tags").begin_array();
    if (resource->rule) {
      for (const auto& [key, value] : bus->rules.find(*resource->rule)->second.tags) {
        writer_.begin_object().member("Key", key).member("Value", value).end_object();
      }
    }
    writer_.end_array();
    return end();
  }

 private:
  struct Found {
    std::optional<AwsError> fault;
    std::string name;
    std::string bus;
    const ApiRule* rule = nullptr;
  };

  std::optional<AwsError> first_fault() const {
    return input_.error() ? input_.error() : constraints_.error();
  }

  std::string read_bus(std::string_view member, std::string_view path) {
    const auto given = input_.text(member);
    if (!given) return "default";
    constraints_.length(path, *given, 1, 1600);
    const std::string_view name = given->starts_with("arn:")
                                      ? std::string_view(*given).substr(given->rfind(':') + 1)
                                      : *given;
    if (!given->empty()) constraints_.name(path, name, "/", kBusExpression);
    const std::string_view ours = model_.bus_name(*given);
    return ours.empty() ? *given : std::string(ours);
  }

  Found find_rule(std::string_view member, std::string_view path) {
    Found found;
    const auto name = input_.text(member);
    if (!name) {
      constraints_.broken(path, "null", "not be null");
    } else {
      constraints_.length(path, *name, 1, 64);
      if (!name->empty()) constraints_.name(path, *name, "", kNameExpression);
    }
    found.bus = read_bus("EventBusName", "eventBusName");
    found.fault = first_fault();
    if (found.fault) return found;
    found.name = *name;
    const ApiBus* bus = model_.bus(found.bus);
    if (bus == nullptr) {
      found.fault = no_such_bus(found.bus);
      return found;
    }
    const auto rule = bus->rules.find(*name);
    if (rule == bus->rules.end()) {
      found.fault = no_such_rule(*name, found.bus);
    } else {
      found.rule = &rule->second;
    }
    return found;
  }

  Page read_page() {
    Page page;
    page.prefix = input_.text("NamePrefix").value_or("");
    if (const auto limit = input_.count("Limit")) {
      page.limit = *limit;
      const std::string value = std::to_string(*limit);
      if (*limit < 1) constraints_.broken("limit", value, "have value greater than or equal to 1");
      if (*limit > kPageMost) {
        constraints_.broken("limit", value, "have value less than or equal to 100");
      }
    }
    if (const auto token = input_.text("NextToken")) {
      const auto name = name_of(*token);
      if (!name) constraints_.broken("nextToken", *token, "be a token that a list has given");
      page.after = name.value_or("");
    }
    return page;
  }

  template <typename Objects, typename Write>
  void list(std::string_view member, const Page& page, const Objects& objects, Write write) {
    writer_.name(member).begin_array();
    std::uint64_t written = 0;
    std::string last;
    bool more = false;
    auto at = page.after.empty() ? objects.begin() : objects.upper_bound(page.after);
    for (; at != objects.end(); ++at) {
      if (!at->first.starts_with(page.prefix)) continue;
      if (written == page.limit) {
        more = true;
        break;
      }
      write(at->first, at->second);
      last = at->first;
      ++written;
    }
    writer_.end_array();
    if (more) writer_.member("NextToken", token_of(last));
  }

  void write_bus(const std::string& name, const ApiBus& bus) {
    const auto since =
        std::chrono::duration_cast<std::chrono::seconds>(model_.since().since_epoch).count();
    writer_.begin_object().member("Name", name).member("Arn", bus.arn);
    writer_.name("CreationTime").number(static_cast<std::uint64_t>(since));
    writer_.name("LastModifiedTime").number(static_cast<std::uint64_t>(since));
    writer_.end_object();
  }

  void write_rule(const std::string& name, const std::string& bus, const ApiRule& rule) {
    writer_.member("Name", name).member("Arn", rule.arn).member("EventPattern", rule.pattern);
    writer_.member("State", rule.enabled ? "ENABLED" : "DISABLED");
    if (!rule.description.empty()) writer_.member("Description", rule.description);
    if (!rule.role.empty()) writer_.member("RoleArn", rule.role);
    if (rule.of_configuration) writer_.member("ManagedBy", "configuration");
    writer_.member("EventBusName", bus);
  }

  void begin() {
    writer_.begin_object();
    open_ = true;
  }
  AwsOutcome end() {
    if (open_) writer_.end_object();
    return std::move(body_);
  }

  AwsInput& input_;
  const ApiModel& model_;
  AwsConstraints constraints_;
  std::string body_;
  JsonWriter writer_{body_};
  bool open_ = false;
};

struct Named {
  std::string_view name;
  AwsOutcome (Operation::*run)();
};
constexpr std::array<Named, 7> kOperations = {{
    {"ListEventBuses", &Operation::list_event_buses},
    {"DescribeEventBus", &Operation::describe_event_bus},
    {"ListRules", &Operation::list_rules},
    {"DescribeRule", &Operation::describe_rule},
    {"ListTargetsByRule", &Operation::list_targets_by_rule},
    {"ListRuleNamesByTarget", &Operation::list_rule_names_by_target},
    {"ListTagsForResource", &Operation::list_tags},
}};

}  // namespace

AwsError no_such_bus(std::string_view name) {
  return {.code = "ResourceNotFoundException",
          .message = "Event bus " + std::string(name) + " does not exist."};
}

AwsError no_such_rule(std::string_view rule, std::string_view bus) {
  return {.code = "ResourceNotFoundException",
          .message = "Rule " + std::string(rule) + " does not exist on EventBus " +
                     std::string(bus) + "."};
}

std::optional<AwsOutcome> run_read_operation(std::string_view operation, AwsInput& input,
                                             const ApiModel& model) {
  const auto found = std::ranges::find(kOperations, operation, &Named::name);
  if (found == kOperations.end()) return std::nullopt;
  return (Operation(input, model).*found->run)();
}

}  // namespace weir

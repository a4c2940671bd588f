#include "tools/run/api_control.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <variant>

namespace weir {
namespace {

bool has_http(const Catalog& catalog) {
  return std::ranges::any_of(
      catalog.sources, [](const SourceSpec& source) { return source.kind == SourceKind::http; });
}

HttpAnswer answer_of(AwsOutcome outcome) {
  if (auto* body = std::get_if<std::string>(&outcome)) return aws_answer(std::move(*body));
  return aws_answer(std::get<AwsError>(outcome));
}

HttpAnswer turned_away() {
  return aws_answer(AwsError{.code = "ServiceUnavailableException",
                             .message = "This router is being stopped.",
                             .status = 503});
}

}  // namespace

ApiControl::ApiControl(const Catalog& configuration, std::unique_ptr<ObjectFile> store,
                       Console& console)
    : console_(console),
      has_http_(has_http(configuration)),
      catalog_(configuration),
      store_(std::move(store)),
      plane_(configuration, *this, store_.get()) {}

Result<std::unique_ptr<ApiControl>> ApiControl::create(const Catalog& configuration,
                                                       Console& console) {
  std::unique_ptr<ObjectFile> store;
  const std::string& folder = configuration.data_dir;
  // Rules stay in force though nobody can change them now.
  if (!folder.empty() && (has_http(configuration) || std::filesystem::exists(folder + "/api.db"))) {
    auto opened = ObjectFile::open(folder);
    if (!opened) return opened.error();
    store = std::move(opened).value();
  }
  std::unique_ptr<ApiControl> control(new ApiControl(configuration, std::move(store), console));
  if (Status status = control->plane_.start(); !status) return status.error();
  return control;
}

void ApiControl::attach(Pipeline& pipeline) {
  pipeline_ = &pipeline;
  show();
}

Status ApiControl::configure(const Catalog& configuration) {
  Status status = plane_.configure(configuration);
  if (status) show();
  return status;
}

void ApiControl::serve(bool stopping) {
  FrontDoor* door = pipeline_->front_door();
  if (door == nullptr) return;
  std::vector<ChangeDesk::Request> requests = door->changes().take_requests();
  for (const ChangeDesk::Request& request : requests) {
    HttpAnswer answer =
        stopping ? turned_away() : answer_of(plane_.run(request.operation, request.body));
    // Who has the answer finds the change in the lists.
    if (!stopping) show();
    door->changes().answer({.exchange = request.exchange, .answer = std::move(answer)});
    pipeline_->wake_input();
  }
}

Status ApiControl::adopt(const Catalog& catalog) {
  if (pipeline_ != nullptr) return pipeline_->reload(catalog);
  catalog_ = catalog;  // what the pipeline will be made of
  return Done{};
}

void ApiControl::tell(const std::string& text) {
  console_.warn(text);
}

void ApiControl::show() {
  if (FrontDoor* door = pipeline_->front_door()) {
    door->show(plane_.configuration(), plane_.objects(), plane_.unknown_arns());
  }
}

}  // namespace weir

// ApiControl: the control thread's side of EventBridge's operations: makes the changes that
// requests ask for, puts them into force, and answers those who asked.
//
//     auto api = ApiControl::create(configuration, console);     // stored rules are read
//     auto pipeline = Pipeline::create(api->catalog(), ...);     // and in force from the first
//     event api->attach(*pipeline);
//
// Threads: the control thread. Lifetime: the pipeline outlives the last call.
#pragma once

#include <memory>
#include <string>

#include "core/api/control_plane.h"
#include "io/objects/object_file.h"
#include "tools/run/console.h"
#include "tools/run/pipeline.h"

namespace weir {

class ApiControl final : private ControlPlaneHost {
 public:
  // With a data_dir, who calls holds its lock. Errors: the store cannot be read, or what is in it
  // does not go together with the configuration.
  static Result<std::unique_ptr<ApiControl>> create(const Catalog& configuration, Console& console);

  // The configuration with the rules that were made through the API.
  const Catalog& catalog() const { return catalog_; }
  // Rules that requests make are gone with the process.
  bool forgets() const { return store_ == nullptr && has_http_; }
  // Before the pipeline starts.
  void attach(Pipeline& pipeline);
  // The configuration was read anew; an error changes nothing.
  Status configure(const Catalog& configuration);
  // What requests ask for. While `stopping` they are turned away.
  void serve(bool stopping);

 private:
  ApiControl(const Catalog& configuration, std::unique_ptr<ObjectFile> store, Console& console);
  Status adopt(const Catalog& catalog) override;
  void tell(const std::string& text) override;
  void show();

  Console& console_;
  const bool has_http_;
  Catalog catalog_;
  Pipeline* pipeline_ = nullptr;
  std::unique_ptr<ObjectFile> store_;
  ControlPlane plane_;
};

}  // namespace weir

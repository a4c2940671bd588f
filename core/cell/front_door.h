// FrontDoor: all that serves the sources of kind `http`, tied together: the server, the routes, who
// may come in, and the desk that takes events into blocks.
//
// Threads: built on the control thread while no stage is polled; desk() and server() are stages of
// one thread, that of the Sequencer. Lifetime: the port and the shared parts outlive it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/api/aws_route.h"
#include "core/catalog/catalog.h"
#include "core/serve/bulk_route.h"
#include "core/serve/event_desk.h"
#include "core/serve/http_access.h"
#include "core/serve/http_routes.h"
#include "core/serve/http_server.h"
#include "core/serve/operations_route.h"

namespace weir {

class FrontDoor {
 public:
  struct Api {
    WallTime since;                      // what objects of the configuration say of their creation
    std::uint64_t seed = 0;              // of ids, another one in each run
    std::function<void()> wake_control;  // there is something in changes()
  };
  FrontDoor(const Catalog& catalog, Port& port, const BlockFiller::Shared& shared,
            const IntakeContext& intake, const std::vector<SourceListener>& listeners,
            IngestEvents& events, const HttpServer::Limits& limits, const Api& api);
  FrontDoor(const FrontDoor&) = delete;
  FrontDoor& operator=(const FrontDoor&) = delete;

  EventDesk& desk() { return desk_; }
  const EventDesk& desk() const { return desk_; }
  HttpServer& server() { return server_; }
  const HttpServer& server() const { return server_; }
  OperationsRoute& operations() { return operations_; }
  const AwsRoute& aws() const { return aws_; }
  // The control thread's: what EventBridge's operations show from now on.
  void show(const Catalog& configuration, const ApiObjects& objects, std::size_t unknown_arns);
  // ARNs of targets that nothing stands for. Any thread.
  const Counter& unknown_arns() const { return unknown_arns_; }
  // What requests ask of the control thread.
  ChangeDesk& changes() { return changes_; }
  // For further handlers, before the server is polled; they outlive this.
  HttpRoutes& routes() { return routes_; }
  const HttpAccess& access() const { return access_; }
  BusId find_bus(std::string_view name) const;

  // No more requests; those under way are answered.
  void stop(const Now& now) { server_.stop(now); }
  bool stopped() const { return server_.stopped() && desk_.idle(); }

 private:
  const std::vector<std::string> buses_;  // by BusId
  const WallTime since_;
  EventDesk desk_;
  TokenAccess access_;
  BulkRoute bulk_;
  OperationsRoute operations_;
  Snapshot<ApiModel> model_;
  Counter unknown_arns_;
  ChangeDesk changes_;
  AwsRoute aws_;
  HttpRoutes routes_;
  HttpServer server_;  // first to go: its requests hold tickets of the desk
};

}  // namespace weir

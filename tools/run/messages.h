// Messages: what the stages have to say to people, limited in rate for each source and target, and
// refused lines for their files. Called on the stages' threads; takes a lock, but only for things
// that happen rarely or are refused.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/deliver/writer_host.h"
#include "core/ingest/ingest.h"
#include "core/log/bus_log.h"
#include "core/route/sequencer.h"
#include "io/files/compressor.h"
#include "tools/run/console.h"
#include "tools/run/rejects.h"

namespace weir {

class Messages final : public IngestEvents,
                       public RefusalSink,
                       public WriterHost,
                       public BusLogHost {
 public:
  using TargetName = std::function<std::string(TargetId)>;
  // An error when a rejects file cannot be opened. `target_name` from any thread.
  static Result<std::unique_ptr<Messages>> create(Console& console, const Catalog& catalog,
                                                  TargetName target_name);

  void problem(SourceId source, const std::string& what) override;
  void refused(const Origin& origin, std::uint64_t line, RefuseReason reason,
               std::uint32_t error_offset, std::string_view text) override;
  void message(Level level, TargetId target, std::string_view text) override;
  void file_finished(const FinishedFile& file) override;
  void log_message(BusId bus, std::string_view text) override;
  // Of a whole file: unreadable, cut off, damaged.
  void file_problem(SourceId source, const std::string& what);

  // At the end: says what the rejects files could not keep.
  void close();

 private:
  struct SourceState {
    std::string name;
    MessageLimit problems;
    MessageLimit refusals;
    std::unique_ptr<RejectsFile> rejects;
  };
  Messages(Console& console, TargetName target_name);

  Console& console_;
  const TargetName target_name_;
  std::mutex mutex_;
  std::vector<SourceState> sources_;
  std::vector<std::string> buses_;
  std::unique_ptr<Compressor> compressor_;
};

}  // namespace weir

// Port: the narrow door between the stages of core and the kernel. Submit now, completions later.
//
// A stage owns one Port and is its only user. Operations are asynchronous: they return at once, and
// each (but close and provide) ends in exactly one Completion with the caller's token, taken by the
// stage with reap() at the start of its poll, never from inside another call. io/ring implements it
// over io_uring; tests/sim over a seeded simulation. Memory passed to send(), write() and read()
// stays untouched by the caller until the completion.
//
// Threads: all calls from the one thread that polls the stage; only Waker is for others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/base/ids.h"
#include "core/base/units.h"
#include "core/port/tls.h"

namespace weir {

using Token = std::uint64_t;  // the caller's own; the top byte is reserved and must be zero
using Handle = StrongId<struct HandleTag, std::int32_t>;  // an open socket or file

// Where to connect: a numeric or named host, or a unix socket's path.
struct Endpoint {
  enum class Kind : std::uint8_t { tcp, unix_socket };
  Kind kind = Kind::tcp;
  std::string host;  // or the path
  std::uint16_t port = 0;
  std::string
      congestion;  // TCP congestion control; empty: cubic for loopback, else the kernel's own
  std::optional<TlsSpec> tls = std::nullopt;  // tcp: encrypted
};
std::string to_string(const Endpoint& endpoint);

// Failures of operations are negative: an errno, or a cause that errno has no number for.
inline constexpr std::int64_t kNameUnknown = -10001;        // no such host name
inline constexpr std::int64_t kNameServerFailed = -10002;   // the name server gave no answer
inline constexpr std::int64_t kCongestionUnknown = -10003;  // the kernel lacks that algorithm
inline constexpr std::int64_t kTlsFailed = -10004;          // the peer speaks no TLS we understand
inline constexpr std::int64_t kTlsUntrusted = -10005;       // its certificate has no known issuer
inline constexpr std::int64_t kTlsExpired = -10006;         // its certificate is out of date
inline constexpr std::int64_t kTlsWrongName = -10007;       // its certificate is for another name
inline constexpr std::int64_t kTlsBadFiles = -10008;        // our own certificate files
std::string error_text(std::int64_t failure);               // any of them in words

// The result of one operation: success is >= 0.
struct Completion {
  Token token = 0;
  std::int64_t result = 0;
  std::uint32_t buffer = 0;  // receive only: the id of the provided buffer that holds the bytes
};

// How a file is opened. The completion of open() carries the handle; the size is asked by
// file_size(). A symbolic link at the end of the path is followed only by `append` and `truncate`,
// the modes for files that the user has named.
struct OpenMode {
  enum class Kind : std::uint8_t {
    append,      // to write; made if it is not there, and its content stays
    truncate,    // to write; made, or emptied
    create_new,  // to write and read; -EEXIST if it is there
    read_only,
    directory,  // for sync_directory()
  };
  Kind kind = Kind::append;
  // Past the page cache (O_DIRECT): memory, offsets and lengths are multiples of kDirectBytes.
  // Where the file system knows no such thing the completion is -EINVAL, and the file may have been
  // made.
  bool direct = false;
};
inline constexpr std::size_t kDirectBytes = 4096;

class Port {
 public:
  virtual ~Port() = default;

  // Sockets.
  // Takes one connection: result is its Handle.
  virtual void accept(Handle listener, Token token) = 0;
  // Result is a Handle. Names are resolved off the calling thread.
  virtual void connect(const Endpoint& endpoint, Token token) = 0;
  // Hands a buffer to the port, to be filled by any receive of this port. The id comes back in the
  // completion, and the buffer is the caller's again.
  virtual void provide(std::uint32_t buffer, std::span<char> memory) = 0;
  // One receive into any provided buffer: bytes, 0 at the end of the stream. -ENOBUFS when no
  // buffer was there at the moment the data came: nothing is lost, receive again later.
  virtual void receive(Handle handle, Token token) = 0;
  // May be short.
  virtual void send(Handle handle, std::span<const char> bytes, Token token) = 0;
  // Bytes sent that the peer's kernel has not acknowledged; answers also after a reset.
  virtual std::uint64_t unacknowledged(Handle handle) = 0;
  // True once the connection is known to be dead. Needed after the peer's end of stream: from then
  // on a reset is not told by receive() any more, and with nothing left to send by nothing else
  // (poll(2) with POLLERR and POLLHUP tells it).
  virtual bool broken(Handle handle) {
    static_cast<void>(handle);
    return false;
  }
  // No more input: receives bring what has already arrived, then 0 (shutdown(2) with SHUT_RD).
  virtual void shutdown_receive(Handle handle) = 0;
  // No more sends; the peer sees the end after all that was sent.
  virtual void shutdown_send(Handle handle) = 0;
  // "127.0.0.1:53211" of the other end, for messages.
  virtual std::string peer_name(Handle handle) = 0;

  // Files.
  virtual void open(const std::string& path, OpenMode mode, Token token) = 0;
  virtual std::uint64_t file_size(Handle handle) = 0;
  // May be short. `offset` ~0: at the file's current position (pipes, terminals).
  virtual void write(Handle handle, std::span<const char> bytes, std::uint64_t offset,
                     Token token) = 0;
  // May be short; 0 at the end of the file.
  virtual void read(Handle handle, std::span<char> bytes, std::uint64_t offset, Token token) = 0;
  // What was written before this call is on the disk when it completes with 0, and as much of the
  // file's size and place as is needed to read it again (fdatasync). After a failure nothing is
  // known of those writes, and a later success says nothing about them.
  virtual void sync(Handle handle, Token token) = 0;
  // The same for the names in a directory, opened as such (fsync: fdatasync may leave names out).
  virtual void sync_directory(Handle handle, Token token) = 0;
  // Makes the file at least so long, with space of its own (fallocate): zeros where it was shorter.
  // -EOPNOTSUPP where the file system cannot.
  virtual void allocate(Handle handle, std::uint64_t bytes, Token token) = 0;
  // Makes the file exactly so long.
  virtual void truncate(Handle handle, std::uint64_t bytes, Token token) = 0;
  // Never replaces a file: -EEXIST where `to` is there.
  virtual void rename(const std::string& from, const std::string& to, Token token) = 0;
  virtual void remove(const std::string& path, Token token) = 0;
  static constexpr std::uint64_t kAtPosition = ~std::uint64_t{0};

  // Closes and cancels: operations under way on the handle still complete (-ECANCELED or their own
  // result), and their memory is in use until then.
  virtual void close(Handle handle) = 0;

  // Takes finished operations; returns how many were written to `out`.
  virtual std::size_t reap(std::span<Completion> out) = 0;
};

// Wakes a sleeping thread. Any thread.
class Waker {
 public:
  virtual ~Waker() = default;
  virtual void wake() = 0;
};

}  // namespace weir

// What the user is told when the kernel refuses: tried for real, in child processes.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "io/ring/ring.h"

// g++ and clang say it differently.
#ifdef __SANITIZE_ADDRESS__
#define WEIR_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEIR_ADDRESS_SANITIZER
#endif
#endif

namespace weir {
namespace {

// Makes io_uring_setup fail with `error` for this process, as a container's seccomp profile does.
bool deny_io_uring(unsigned error) {
  std::array filter{
      sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_io_uring_setup},
      sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | error},
      sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

[[noreturn]] void create_and_exit() {
  const auto ring = Ring::create();
  std::fputs(ring.ok() ? "it works" : ring.error().message.c_str(), stderr);
  std::exit(0);
}

void create_denied(unsigned error) {
  if (!deny_io_uring(error)) {
    std::fputs("no seccomp here: kernel.io_uring_disabled no io_uring", stderr);
    std::exit(0);
  }
  create_and_exit();
}

void create_without_descriptors() {
  const rlimit none{3, 3};
  setrlimit(RLIMIT_NOFILE, &none);
  create_and_exit();
}

class RingDenied : public ::testing::Test {
 protected:
  RingDenied() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(RingDenied, ByASeccompProfile) {
  EXPECT_EXIT(create_denied(EPERM), ::testing::ExitedWithCode(0), "kernel.io_uring_disabled");
  EXPECT_EXIT(create_denied(ENOSYS), ::testing::ExitedWithCode(0), "no io_uring");
}

TEST_F(RingDenied, ForWantOfDescriptors) {
#ifdef WEIR_ADDRESS_SANITIZER
  GTEST_SKIP() << "the sanitizer itself needs descriptors";
#endif
  EXPECT_EXIT(create_without_descriptors(), ::testing::ExitedWithCode(0), "ulimit -n");
}

}  // namespace
}  // namespace weir

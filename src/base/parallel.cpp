#include "base/parallel.h"

#include <omp.h>

#include <atomic>
#include <exception>

#include "fovea/device.h"
#include "fovea/error.h"

namespace fovea {
namespace {
std::atomic<int> threads{0};

int usable_cpus() {
  static const int n = omp_get_num_procs();
  return n;
}
}  // namespace

void set_num_threads(int n) {
  check(n >= 0 && n <= 4096, "threads={} is not a count of threads (0 = all)", n);
  threads = n;
}

int num_threads() { return threads > 0 ? threads.load() : usable_cpus(); }

namespace {
thread_local int index_in_team = 0;
}

int thread_index() { return index_in_team; }

namespace {

/// Chunks that one thread, or some of them, take first: those of neighbouring threads next, when theirs are
/// done. So a thread meets the same part of the data in every kernel, and its cache has seen it.
struct alignas(64) Share {
  std::atomic<int64_t> next{0};
  int64_t end = 0;
};
constexpr int most_shares = 32;

}  // namespace

void parallel_chunks(int64_t chunks, void (*body)(void*, int64_t), void* context) {
  const int team = int(std::min<int64_t>(chunks, num_threads()));
  if (team <= 1 || omp_in_parallel()) {
    for (int64_t c = 0; c < chunks; ++c) body(context, c);
    return;
  }
  Share shares[most_shares];
  const int count = std::min(team, most_shares);
  for (int i = 0; i < count; ++i)
    shares[i].next = chunks * i / count, shares[i].end = chunks * (i + 1) / count;
  std::exception_ptr error;
#pragma omp parallel num_threads(team)
  {
    const int me = index_in_team = omp_get_thread_num();
    for (int i = 0; i < count; ++i) {
      Share& share = shares[(me + i) % count];
      for (int64_t c; (c = share.next.fetch_add(1, std::memory_order_relaxed)) < share.end;) try {
          body(context, c);
        } catch (...) {
#pragma omp critical(fovea_parallel_error)
          if (!error) error = std::current_exception();
        }
    }
  }
  index_in_team = 0;
  if (error) std::rethrow_exception(error);
}

}  // namespace fovea

// Parallel loops over chunks whose borders depend on the problem alone, never on the number of threads: so a
// kernel that reduces per chunk gives the same bits on any machine setting. Each thread (OpenMP) takes the
// chunks of its own share first, the same part of the data in every kernel, then those others have left: a
// descheduled thread delays one chunk only. Nested calls and single chunks run serially.
// Exceptions come back to the caller.
//   parallel_for(n, 4096, [&](int64_t begin, int64_t end) { ... });
#pragma once
#include <cstdint>
#include <memory>
#include <type_traits>

namespace fovea {

/// Calls body(context, chunk) for chunk in [0, chunks).
void parallel_chunks(int64_t chunks, void (*body)(void*, int64_t), void* context);

/// Calls f(begin, end) for the pieces of [0, n) of `grain` (the last may be shorter). *Requires* grain > 0.
template <class F>
void parallel_for(int64_t n, int64_t grain, F&& f) {
  if (n <= 0) return;
  if (n <= grain) return f(int64_t{0}, n);
  struct Context {
    std::remove_reference_t<F>* f;
    int64_t n, grain;
  } context{std::addressof(f), n, grain};
  parallel_chunks((n + grain - 1) / grain,
                  [](void* p, int64_t chunk) {
                    auto& c = *static_cast<Context*>(p);
                    const int64_t begin = chunk * c.grain;
                    (*c.f)(begin, begin + c.grain < c.n ? begin + c.grain : c.n);
                  },
                  &context);
}

/// The number of the thread running the current chunk, 0 .. num_threads()-1: to index per-thread scratch.
int thread_index();

}  // namespace fovea

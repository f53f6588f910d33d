// Reductions from four scalar texts: init, map(x), combine(a, b), finish(a, n). Every op made this way takes
// (x, dims=[], keepdim=false); no dims means all. Accumulation is in f64 for f32 on the CPU (i64 for
// integers) and in a fixed order, so results do not depend on threads.
//   FOVEA_REDUCE(sum, numbers, 0, x, a + b, a, .signature = "sum(x, dims=[], keepdim=false)", .doc = ...,
//   .vjp = ...);
#pragma once
#include "fovea/pointwise.h"

namespace fovea {

struct Reduction {
  /// Reduces n elements at `stride` into *acc (of the accumulator type).
  using Row = void (*)(const void* x, int64_t stride, int64_t n, void* acc);
  /// acc[i] = combine(acc[i], map(x[r * row_stride + i])) for r = 0 .. rows-1, i = 0 .. n-1.
  using Column = void (*)(const void* x, int64_t row_stride, int64_t rows, int64_t n, void* acc);
  struct Loops {
    DType in;
    int64_t acc_size;
    Row row, row_avx2;
    Column column, column_avx2;
    void (*init)(void* acc, int64_t n);
    void (*merge)(void* acc, const void* other, int64_t n);
    void (*finish)(const void* acc, int64_t count, void* y, int64_t n);
  };
  std::vector<Loops> loops;
  std::string init, map, combine, finish;
};

namespace detail {

template <class T>
using accumulator = std::conditional_t<std::is_floating_point_v<T>, double, int64_t>;

template <class F, class T>
FV_INLINE void reduce_row(const void* p, int64_t stride, int64_t n, void* out) {
  using A = accumulator<T>;
  constexpr int lanes = 16;  // partial results in a fixed order, so that the loop vectorises
  const T* x = static_cast<const T*>(p);
  if (n < lanes) {  // the same sum: each of them is a part
    A acc = *static_cast<A*>(out);
    for (int64_t i = 0; i < n; ++i)
      acc = F::template combine<A>(
          acc, F::template combine<A>(F::template init<A>(), F::template map<A>(A(x[i * stride]))));
    *static_cast<A*>(out) = acc;
    return;
  }
  A part[lanes];
  for (int k = 0; k < lanes; ++k) part[k] = F::template init<A>();
  int64_t i = 0;
  if (stride == 1)
    for (; i + lanes <= n; i += lanes)
#pragma omp simd
      for (int k = 0; k < lanes; ++k)
        part[k] = F::template combine<A>(part[k], F::template map<A>(A(x[i + k])));
  for (; i < n; ++i)
    part[i % lanes] = F::template combine<A>(part[i % lanes], F::template map<A>(A(x[i * stride])));
  A acc = *static_cast<A*>(out);
  for (int k = 0; k < lanes; ++k) acc = F::template combine<A>(acc, part[k]);
  *static_cast<A*>(out) = acc;
}

template <class F, class T>
FV_INLINE void reduce_column(const void* p, int64_t row_stride, int64_t rows, int64_t n, void* out) {
  using A = accumulator<T>;
  constexpr int64_t block = 8;  // results that stay in registers while all rows pass
  const T* x = static_cast<const T*>(p);
  A* acc = static_cast<A*>(out);
  int64_t i = 0;
  for (; i + block <= n; i += block) {
    A part[block];
    for (int64_t k = 0; k < block; ++k) part[k] = acc[i + k];
    for (int64_t r = 0; r < rows; ++r)
#pragma omp simd
      for (int64_t k = 0; k < block; ++k)
        part[k] = F::template combine<A>(part[k], F::template map<A>(A(x[r * row_stride + i + k])));
    for (int64_t k = 0; k < block; ++k) acc[i + k] = part[k];
  }
  for (; i < n; ++i)
    for (int64_t r = 0; r < rows; ++r)
      acc[i] = F::template combine<A>(acc[i], F::template map<A>(A(x[r * row_stride + i])));
}

template <class F, class T>
struct ReduceLoops {
  using A = accumulator<T>;
  static void row(const void* x, int64_t s, int64_t n, void* a) { reduce_row<F, T>(x, s, n, a); }
  FOVEA_TARGET_AVX2 static void row_avx2(const void* x, int64_t s, int64_t n, void* a) {
    reduce_row<F, T>(x, s, n, a);
  }
  static void column(const void* x, int64_t s, int64_t rows, int64_t n, void* a) {
    reduce_column<F, T>(x, s, rows, n, a);
  }
  FOVEA_TARGET_AVX2 static void column_avx2(const void* x, int64_t s, int64_t rows, int64_t n, void* a) {
    reduce_column<F, T>(x, s, rows, n, a);
  }
  static void init(void* acc, int64_t n) {
    for (int64_t i = 0; i < n; ++i) static_cast<A*>(acc)[i] = F::template init<A>();
  }
  static void merge(void* acc, const void* other, int64_t n) {
    A* a = static_cast<A*>(acc);
    for (int64_t i = 0; i < n; ++i) a[i] = F::template combine<A>(a[i], static_cast<const A*>(other)[i]);
  }
  static void finish(const void* acc, int64_t count, void* y, int64_t n) {
    const A* a = static_cast<const A*>(acc);
    for (int64_t i = 0; i < n; ++i) static_cast<T*>(y)[i] = T(F::template finish<A>(a[i], A(count)));
  }
  static Reduction::Loops loops() {
    return {dtype_of<T>(), sizeof(A), row, row_avx2, column, column_avx2, init, merge, finish};
  }
};

template <class F, class Types>
std::vector<Reduction::Loops> all_reduce_loops() {
  if constexpr (std::is_same_v<Types, floats>)
    return {ReduceLoops<F, float>::loops(), ReduceLoops<F, double>::loops()};
  else
    return {ReduceLoops<F, float>::loops(), ReduceLoops<F, double>::loops(), ReduceLoops<F, int32_t>::loops(),
            ReduceLoops<F, int64_t>::loops()};
}

/// Completes the record of a reduction: dtypes, rules, shape rule, texts.
Op reduction_op(Op op, Reduction reduction);

}  // namespace detail
}  // namespace fovea

#define FOVEA_REDUCE(NAME, TYPES, INIT, MAP, COMBINE, FINISH, ...)                                      \
  namespace {                                                                                           \
  struct NAME##_text {                                                                                  \
    template <class real>                                                                               \
    FV_INLINE static real init() {                                                                      \
      return INIT;                                                                                      \
    }                                                                                                   \
    template <class real>                                                                               \
    FV_INLINE static real map(real x) {                                                                 \
      using namespace ::fovea::text;                                                                    \
      return MAP;                                                                                       \
    }                                                                                                   \
    template <class real>                                                                               \
    FV_INLINE static real combine(real a, real b) {                                                     \
      using namespace ::fovea::text;                                                                    \
      return COMBINE;                                                                                   \
    }                                                                                                   \
    template <class real>                                                                               \
    FV_INLINE static real finish(real a, [[maybe_unused]] real n) {                                     \
      using namespace ::fovea::text;                                                                    \
      return FINISH;                                                                                    \
    }                                                                                                   \
  };                                                                                                    \
  }                                                                                                     \
  static const ::fovea::Registered NAME##_op = ::fovea::detail::reduction_op(                           \
      ::fovea::Op{__VA_ARGS__},                                                                         \
      ::fovea::Reduction{::fovea::detail::all_reduce_loops<NAME##_text, ::fovea::TYPES>(), #INIT, #MAP, \
                         #COMBINE, #FINISH})

// Elementwise ops from one scalar text in the common subset of C++, OpenCL C and CUDA. g++ vectorises it here
// (for the baseline and for AVX2, chosen at run time); src/op/emit.cpp prints it for the other two.
//
//   FOVEA_POINTWISE(add, numbers, (x, y), (), x + y, .signature = "add(x, y)", .doc = ..., .vjp = ...,
//   .samples = ...);
//
// An op of one tensor gives its first and second derivative as texts too, which become the ops NAME_grad(x,
// g, ...) and NAME_grad2(x, g, ...), so it can be differentiated twice:
//
//   FOVEA_UNARY(elu, (alpha), fv_sel(x > 0, x, alpha * fv_expm1(x)), fv_sel(x > 0, (real)1, alpha *
//   fv_exp(x)),
//               fv_sel(x > 0, (real)0, alpha * fv_exp(x)), .signature = "elu(x, alpha=1.0)", .doc = ...,
//               .kinks = {0});
//
// In a text the type is `real` (write constants (real)0.5), the vocabulary is scalar.h, attributes of the
// signature are scalars by their names, and there are no statements.
#pragma once
#include <utility>

#include "fovea/op.h"
#include "fovea/scalar.h"

#if defined(__x86_64__)
#define FOVEA_TARGET_AVX2 __attribute__((target("avx2,fma,f16c")))
#else
#define FOVEA_TARGET_AVX2
#endif

namespace fovea {

/// p[0..inputs-1] inputs, p[inputs] result; strides in elements; attrs as the text names them.
using PointwiseLoop = void (*)(void* const* p, const int64_t* stride, int64_t n, const double* attrs);

struct Pointwise {
  struct Loops {
    DType in, out;
    PointwiseLoop baseline, avx2;
  };
  std::vector<Loops> loops;  // one per dtype
  std::string args, attr_args, text;
};

/// Sets of types a text is compiled for, and the type of the result where it is not the same.
struct floats {};
struct numbers {};
struct comparison {};  // numbers -> bool
struct logic {};       // bool -> bool

namespace detail {

template <class F, class T, class Out, unsigned constants, size_t... X, size_t... A>
FV_INLINE void pointwise_row(void* const* p, int64_t n, const double* attrs, std::index_sequence<X...>,
                             std::index_sequence<A...>) {
  const T* x[] = {static_cast<const T*>(p[X])...};
  const T first[] = {*x[X]...};
  [[maybe_unused]] const T a[] = {T(attrs[A])..., T(0)};
  Out* y = static_cast<Out*>(p[sizeof...(X)]);
#pragma omp simd
  for (int64_t i = 0; i < n; ++i)
    y[i] = static_cast<Out>(F::template f<T>((constants >> X & 1 ? first[X] : x[X][i])..., a[A]...));
}

template <class F, class T, class Out, size_t... X, size_t... A>
FV_INLINE void pointwise_strided(void* const* p, const int64_t* s, int64_t n, const double* attrs,
                                 std::index_sequence<X...>, std::index_sequence<A...>) {
  const T* x[] = {static_cast<const T*>(p[X])...};
  [[maybe_unused]] const T a[] = {T(attrs[A])..., T(0)};
  Out* y = static_cast<Out*>(p[sizeof...(X)]);
  for (int64_t i = 0; i < n; ++i)
    y[i * s[sizeof...(X)]] = static_cast<Out>(F::template f<T>(x[X][i * s[X]]..., a[A]...));
}

/// Dense inputs, some of them a single repeated value, get loops of their own; any other strides share one.
template <class F, class T, class Out, size_t NX, size_t NA>
FV_INLINE void pointwise_loop(void* const* p, const int64_t* s, int64_t n, const double* attrs) {
  constexpr auto X = std::make_index_sequence<NX>();
  constexpr auto A = std::make_index_sequence<NA>();
  unsigned constants = 0;
  bool dense = s[NX] == 1;
  for (size_t k = 0; k < NX; ++k) dense &= s[k] == 1 || s[k] == 0, constants |= unsigned(s[k] == 0) << k;
  if (n <= 0) return;
  if (dense && constants == 0) return pointwise_row<F, T, Out, 0>(p, n, attrs, X, A);
  if constexpr (NX >= 2) {
    if (dense && constants == 1) return pointwise_row<F, T, Out, 1>(p, n, attrs, X, A);
    if (dense && constants == 2) return pointwise_row<F, T, Out, 2>(p, n, attrs, X, A);
  }
  pointwise_strided<F, T, Out>(p, s, n, attrs, X, A);
}

template <class F, class T, class Out, size_t NX, size_t NA>
void pointwise_baseline(void* const* p, const int64_t* s, int64_t n, const double* attrs) {
  pointwise_loop<F, T, Out, NX, NA>(p, s, n, attrs);
}
template <class F, class T, class Out, size_t NX, size_t NA>
FOVEA_TARGET_AVX2 void pointwise_avx2(void* const* p, const int64_t* s, int64_t n, const double* attrs) {
  pointwise_loop<F, T, Out, NX, NA>(p, s, n, attrs);
}

template <class F, class T, class Out, size_t NX, size_t NA>
Pointwise::Loops loops_of() {
  return {dtype_of<T>(), dtype_of<Out>(), pointwise_baseline<F, T, Out, NX, NA>,
          pointwise_avx2<F, T, Out, NX, NA>};
}

template <class F, class Types, size_t NX, size_t NA>
std::vector<Pointwise::Loops> all_loops() {
  if constexpr (std::is_same_v<Types, floats>)
    return {loops_of<F, float, float, NX, NA>(), loops_of<F, double, double, NX, NA>()};
  else if constexpr (std::is_same_v<Types, numbers>)
    return {loops_of<F, float, float, NX, NA>(), loops_of<F, double, double, NX, NA>(),
            loops_of<F, int32_t, int32_t, NX, NA>(), loops_of<F, int64_t, int64_t, NX, NA>()};
  else if constexpr (std::is_same_v<Types, comparison>)
    return {loops_of<F, float, bool, NX, NA>(), loops_of<F, double, bool, NX, NA>(),
            loops_of<F, int32_t, bool, NX, NA>(), loops_of<F, int64_t, bool, NX, NA>()};
  else return {loops_of<F, bool, bool, NX, NA>()};
}

/// Completes the record of a pointwise op: dtypes, shape rule (broadcast), texts.
Op pointwise_op(Op op, Pointwise pointwise);

/// The ops NAME, NAME_grad and NAME_grad2 of FOVEA_UNARY.
struct UnaryOps {
  UnaryOps(Op op, Pointwise forward, Pointwise first, Pointwise second);
};

template <class F, class Types, size_t NX, size_t NA>
Pointwise pointwise_of(const char* args, const char* attr_args, const char* text) {
  return {all_loops<F, Types, NX, NA>(), args, attr_args, text};
}

}  // namespace detail
}  // namespace fovea

// (x, y) -> "real x, real y" for up to four names, and their number.
#define FOVEA_ARGS_0()
#define FOVEA_ARGS_1(a) [[maybe_unused]] real a
#define FOVEA_ARGS_2(a, b) [[maybe_unused]] real a, [[maybe_unused]] real b
#define FOVEA_ARGS_3(a, b, c) [[maybe_unused]] real a, [[maybe_unused]] real b, [[maybe_unused]] real c
#define FOVEA_ARGS_4(a, b, c, d) \
  [[maybe_unused]] real a, [[maybe_unused]] real b, [[maybe_unused]] real c, [[maybe_unused]] real d
#define FOVEA_NTH(a, b, c, d, n, ...) n
#define FOVEA_COUNT(...) FOVEA_NTH(__VA_ARGS__ __VA_OPT__(, ) 4, 3, 2, 1, 0, 0)
#define FOVEA_CAT_(a, b) a##b
#define FOVEA_CAT(a, b) FOVEA_CAT_(a, b)
#define FOVEA_REALS(...) FOVEA_CAT(FOVEA_ARGS_, FOVEA_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define FOVEA_COMMA(...) __VA_OPT__(, )
#define FOVEA_STR_(...) #__VA_ARGS__
#define FOVEA_STR(...) FOVEA_STR_(__VA_ARGS__)

#define FOVEA_TEXT(STRUCT, ARGS, ATTRS, TEXT)                                       \
  namespace {                                                                       \
  struct STRUCT {                                                                   \
    template <class real>                                                           \
    FV_INLINE static auto f(FOVEA_REALS ARGS FOVEA_COMMA ATTRS FOVEA_REALS ATTRS) { \
      using namespace ::fovea::text;                                                \
      return TEXT;                                                                  \
    }                                                                               \
  };                                                                                \
  }
#define FOVEA_POINTWISE_OF(STRUCT, TYPES, ARGS, ATTRS, TEXT)                                  \
  ::fovea::detail::pointwise_of<STRUCT, ::fovea::TYPES, FOVEA_COUNT ARGS, FOVEA_COUNT ATTRS>( \
      FOVEA_STR ARGS, FOVEA_STR ATTRS, TEXT)

#define FOVEA_POINTWISE(NAME, TYPES, ARGS, ATTRS, TEXT, ...)                  \
  FOVEA_TEXT(NAME##_text, ARGS, ATTRS, TEXT)                                  \
  static const ::fovea::Registered NAME##_op = ::fovea::detail::pointwise_op( \
      ::fovea::Op{__VA_ARGS__}, FOVEA_POINTWISE_OF(NAME##_text, TYPES, ARGS, ATTRS, #TEXT))

#define FOVEA_UNARY(NAME, ATTRS, TEXT, FIRST, SECOND, ...)                                  \
  FOVEA_TEXT(NAME##_text, (x), ATTRS, TEXT)                                                 \
  FOVEA_TEXT(NAME##_first, (x, g), ATTRS, g*(FIRST))                                        \
  FOVEA_TEXT(NAME##_second, (x, g), ATTRS, g*(SECOND))                                      \
  static const ::fovea::detail::UnaryOps NAME##_ops(                                        \
      ::fovea::Op{__VA_ARGS__}, FOVEA_POINTWISE_OF(NAME##_text, floats, (x), ATTRS, #TEXT), \
      FOVEA_POINTWISE_OF(NAME##_first, floats, (x, g), ATTRS, "g * (" #FIRST ")"),          \
      FOVEA_POINTWISE_OF(NAME##_second, floats, (x, g), ATTRS, "g * (" #SECOND ")"))

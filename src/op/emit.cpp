#include "op/emit.h"

#include <fmt/format.h>

#include "fovea/reduce.h"

namespace fovea {
namespace {

constexpr const char* opencl_words = R"(typedef float real;
#define FN inline
#define KERNEL __kernel void
#define GLOBAL __global
#define LOCAL __local
#define BARRIER barrier(CLK_LOCAL_MEM_FENCE)
#define ITEM get_global_id(0)
#define GROUP get_group_id(0)
#define LANE get_local_id(0)
FN real fv_expm1(real x) { return expm1(x); }
FN real fv_log1p(real x) { return log1p(x); }
FN real fv_exp(real x) { return exp(x); }
FN real fv_log(real x) { return log(x); }
FN real fv_tanh(real x) { return tanh(x); }
FN real fv_erf(real x) { return erf(x); }
FN real fv_sin(real x) { return sin(x); }
FN real fv_cos(real x) { return cos(x); }
FN real fv_sqrt(real x) { return sqrt(x); }
FN real fv_floor(real x) { return floor(x); }
FN real fv_ceil(real x) { return ceil(x); }
FN real fv_rint(real x) { return rint(x); }
FN real fv_abs(real x) { return fabs(x); }
FN real fv_pow(real x, real y) { return pow(x, y); }
)";

constexpr const char* cuda_words = R"(typedef float real;
typedef unsigned char uchar;
#define FN __device__ __forceinline__
#define KERNEL extern "C" __global__ void
#define GLOBAL
#define LOCAL __shared__
#define BARRIER __syncthreads()
#define ITEM (blockIdx.x * (long)blockDim.x + threadIdx.x)
#define GROUP blockIdx.x
#define LANE threadIdx.x
#ifndef INFINITY
#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fffffff)
#endif
FN real fv_expm1(real x) { return expm1f(x); }
FN real fv_log1p(real x) { return log1pf(x); }
FN real fv_exp(real x) { return expf(x); }
FN real fv_log(real x) { return logf(x); }
FN real fv_tanh(real x) { return tanhf(x); }
FN real fv_erf(real x) { return erff(x); }
FN real fv_sin(real x) { return sinf(x); }
FN real fv_cos(real x) { return cosf(x); }
FN real fv_sqrt(real x) { return sqrtf(x); }
FN real fv_floor(real x) { return floorf(x); }
FN real fv_ceil(real x) { return ceilf(x); }
FN real fv_rint(real x) { return rintf(x); }
FN real fv_abs(real x) { return fabsf(x); }
FN real fv_pow(real x, real y) { return powf(x, y); }
)";

constexpr const char* common_words = R"(FN real fv_sel(int c, real a, real b) { return c ? a : b; }
FN real fv_min(real a, real b) { return a < b || a != a ? a : b; }
FN real fv_max(real a, real b) { return a > b || a != a ? a : b; }
FN real fv_sigmoid(real x) { return (real)1 / ((real)1 + fv_exp(-x)); }
FN real fv_softplus(real x) { return fv_max(x, (real)0) + fv_log1p(fv_exp(-fv_abs(x))); }
#define group_size 256
)";

std::vector<std::string> names(const std::string& list) {
  std::vector<std::string> out;
  std::string word;
  for (char c : list + ",") {
    if (c == ',' && !word.empty()) out.push_back(std::exchange(word, {}));
    if (c != ',' && c != ' ') word += c;
  }
  return out;
}

std::string pointwise_source(const Op& op) {
  const Pointwise& p = *op.pointwise;
  const bool logic = p.loops.front().in == boolean;
  const std::string in = logic ? "uchar" : "real", out = p.loops.front().out == boolean ? "uchar" : "real";
  const auto inputs = names(p.args), attrs = names(p.attr_args);
  std::string parameters, kernel_parameters, call;
  for (const auto& x : inputs) {
    parameters += fmt::format("{}{} {}", parameters.empty() ? "" : ", ", in, x);
    kernel_parameters += fmt::format("GLOBAL const {}* in_{}, ", in, x);
    call += fmt::format("{}in_{}[i]", call.empty() ? "" : ", ", x);
  }
  for (const auto& a : attrs) {
    parameters += ", real " + a;
    kernel_parameters += fmt::format("real {}, ", a);
    call += ", " + a;
  }
  return fmt::format(
      "FN {0} op_{1}({2}) {{ return {3}; }}\nKERNEL {1}_kernel({4}GLOBAL {0}* out, long n) {{\n"
      "  const long i = ITEM;\n  if (i < n) out[i] = op_{1}({5});\n}}\n",
      out, op.name(), parameters, p.text, kernel_parameters, call);
}

std::string reduction_source(const Op& op) {
  const Reduction& r = *op.reduction;
  return fmt::format(R"(FN real {0}_init() {{ return {1}; }}
FN real {0}_map(real x) {{ return {2}; }}
FN real {0}_combine(real a, real b) {{ return {3}; }}
FN real {0}_finish(real a, real n) {{ return {4}; }}
KERNEL {0}_rows(GLOBAL const real* x, GLOBAL real* y, long n) {{
  LOCAL real part[group_size];
  real acc = {0}_init();
  for (long i = LANE; i < n; i += group_size) acc = {0}_combine(acc, {0}_map(x[GROUP * n + i]));
  part[LANE] = acc;
  for (int span = group_size / 2; span > 0; span /= 2) {{
    BARRIER;
    if (LANE < span) part[LANE] = {0}_combine(part[LANE], part[LANE + span]);
  }}
  if (LANE == 0) y[GROUP] = {0}_finish(part[0], (real)n);
}}
)",
                     op.name(), r.init, r.map, r.combine, r.finish);
}

}  // namespace

std::string emit(Dialect dialect) {
  std::string source = dialect == Dialect::opencl ? opencl_words : cuda_words;
  source += common_words;
  for (const auto& [name, op] : op_table()) {
    if (op->pointwise)
      source += fmt::format("// {}: {}\n{}", op->chapter(), op->signature, pointwise_source(*op));
    if (op->reduction)
      source += fmt::format("// {}: {}\n{}", op->chapter(), op->signature, reduction_source(*op));
  }
  return source;
}

}  // namespace fovea

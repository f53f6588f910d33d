// Depthwise convolution on AVX2 (f32, blocked8, one filter per channel): forward, and the gradient of the
// input.
#include "backend/cpu/conv_depthwise.h"

#include "backend/cpu/conv_depthwise_tiles.h"
#include "base/parallel.h"
#include "fovea/kernel.h"

namespace fovea {

const char* refuse_depthwise(const Call& c, ConvShape (*shape)(const Call&)) {
  if (!cpu_has_avx2()) return "this processor has no AVX2 and FMA";
  if (c.dtype() != f32) return "computes in f32 only";
  if (c.in(0).rank() != 4) return "two spatial dimensions only";
  const ConvShape s = shape(c);
  if (s.groups != s.c || s.groups != s.o) return "one filter per channel only";
  if (s.c % 8 != 0) return "channels are no multiple of 8";
  if (s.k[1] > max_depthwise_window || s.k[2] > max_depthwise_window) return "windows up to 7x7 only";
  if (s.stride[1] != s.stride[2] || s.stride[1] > 2) return "equal strides of 1 or 2 only";
  if (s.dilation[1] != 1 || s.dilation[2] != 1) return "dilation 1 only";
  if (s.n == 0) return "no images";
  return nullptr;
}

namespace {

using namespace depthwise;

template <bool grad>
ConvShape shape_of(const Call& c) {
  return grad ? ConvShape::of_input_grad(c) : ConvShape::of_forward(c);
}

template <bool grad>
Run run_of(const Call& c) {
  const ConvShape s = shape_of<grad>(c);
  const auto &from = grad ? s.out : s.in, &to = grad ? s.in : s.out;
  return {.images = s.n,
          .blocks = s.c / 8,
          .height = from[1],
          .width = from[2],
          .rows = to[1],
          .columns = to[2],
          .k = {s.k[1], s.k[2]},
          .stride = s.stride[1],
          .top = s.pad[1],
          .left = s.pad[2],
          .weights = reinterpret_cast<const float*>(c.prepared),
          .epilogue = Epilogue::of(c),
          .y = nullptr};
}

template <bool grad>
void run(const Call& c) {
  Run r = run_of<grad>(c);
  r.y = c.out().ptr<float>();
  if (!r.weights) {
    pack(r, c.in(1).ptr<float>(), reinterpret_cast<float*>(c.scratch));
    r.weights = reinterpret_cast<const float*>(c.scratch);
  }
  const auto compute = compute_for<grad>(r);
  const float* x = c.in(0).ptr<float>();
  const int64_t planes = r.images * r.blocks, bands = planes >= 16 ? 1 : std::min<int64_t>(8, r.rows);
  const int64_t grain = std::max<int64_t>(1, 1024 * bands / (r.rows * r.columns));
  parallel_for(planes * bands, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      compute(r, {x + i / bands * r.height * r.width * 8, 0}, i / bands, r.rows * (i % bands) / bands,
              r.rows * (i % bands + 1) / bands);
  });
}

template <bool grad>
const char* refuse(const Call& c) {
  return refuse_depthwise(c, shape_of<grad>);
}

template <bool grad>
size_t packed_bytes(const Call& c) {
  return size_t(run_of<grad>(c).packed_floats()) * sizeof(float);
}

template <bool grad>
void prepare(const Call& c, char* to) {
  pack(run_of<grad>(c), c.in(1).ptr<float>(), reinterpret_cast<float*>(to));
}

void layouts(const Call& c, std::vector<Layout>& in, std::vector<Layout>& out) {
  in[0] = out[0] = Layout::blocked8;
  epilogue_as_result(c, in, out);
}

template <bool grad>
constexpr Kernel kernel() {
  return {.name = "cpu:depthwise",
          .rank = 40,
          .refuse = refuse<grad>,
          .scratch = packed_bytes<grad>,
          .run = run<grad>,
          .inputs = Inputs::own,
          .layouts = layouts,
          .prepared = packed_bytes<grad>,
          .prepare = prepare<grad>};
}

const RegisterKernel forward("conv2d", kernel<false>());
const RegisterKernel fused("conv2d_fused", kernel<false>());
const RegisterKernel input_grad("conv_input_grad", kernel<true>());
const RegisterKernel fused_input_grad("conv_input_grad_fused", kernel<true>());

}  // namespace
}  // namespace fovea

// Convolutions that the own kernels refuse (groups, unequal strides, 1 and 3 dimensions) by oneDNN.
#include "backend/cpu/onednn.h"
#include "base/module.h"
#include "base/parallel.h"
#include "fovea/kernel.h"
#include "op/dispatch.h"

namespace fovea {

const onednn::Library* onednn::library = nullptr;

const char* onednn::missing() {
  static const std::string reason = load_module("onednn", true, "libdnnl-dev");
  return library ? nullptr : reason.c_str();
}

namespace {

using onednn::Problem;
using onednn::Product;

bool wants_blocked(const ConvShape& s) {
  const bool whole = s.groups == 1 || s.c_group() % 8 == 0 || (s.c_group() == 1 && s.o_group() == 1);
  return !plain_only() && s.x_shape.size() == 4 && s.c % 8 == 0 && s.o % 8 == 0 && whole;
}

template <Product product>
Problem problem_of(const Call& c) {
  Problem p{.product = product, .shape = {}};
  if constexpr (product == Product::forward) p.shape = ConvShape::of_forward(c), p.bias = bool(c.in(2));
  else if constexpr (product == Product::input_grad) p.shape = ConvShape::of_input_grad(c);
  else p.shape = ConvShape::of_weight_grad(c);
  p.blocked = wants_blocked(p.shape);
  return p;
}

/// The weight gradient is summed over pieces of the batch, each by one thread, then in order: the same bits
/// for any count.
struct Pieces {
  Problem problem;              // of one piece
  int64_t count, images, rest;  // `rest` images in the last piece

  explicit Pieces(const Problem& whole) : problem(whole) {
    const int64_t n = whole.shape.n;
    images = (n + 7) / 8;
    count = (n + images - 1) / images;
    rest = n - (count - 1) * images;
    set(images);
  }
  void set(int64_t n) { problem.shape.n = problem.shape.x_shape[0] = problem.shape.y_shape[0] = n; }
  Problem piece(int64_t i) const {
    Pieces p = *this;
    p.set(i + 1 == count ? rest : images);
    return p.problem;
  }
  size_t bytes() const { return (size_t(problem.shape.w_shape.numel()) * sizeof(float) + 63) / 64 * 64; }
  size_t scratch_each() const {
    return (std::max(onednn::library->scratch(piece(0)), onednn::library->scratch(piece(count - 1))) + 63) /
           64 * 64;
  }
};

template <Product product>
const char* refuse(const Call& c) {
  if (c.dtype() != f32) return "computes in f32 only";
  if (const char* reason = onednn::missing()) return reason;
  const Problem p = problem_of<product>(c);
  if (p.shape.x_shape.numel() == 0 || p.shape.y_shape.numel() == 0) return "nothing to compute";
  if constexpr (product == Product::weight_grad) {
    const Pieces pieces(p);
    if (const char* reason = onednn::library->refuse(pieces.piece(0))) return reason;
    return onednn::library->refuse(pieces.piece(pieces.count - 1));
  }
  return onednn::library->refuse(p);
}

template <Product product>
size_t scratch(const Call& c) {
  const Problem p = problem_of<product>(c);
  if constexpr (product != Product::weight_grad) return onednn::library->scratch(p);
  const Pieces pieces(p);
  return size_t(pieces.count) * (pieces.bytes() + pieces.scratch_each());
}

void layouts_of(const Problem& p, Layout& image, Layout& result) {
  if (p.blocked) image = result = Layout::blocked8;
}

void forward_layouts(const Call& c, std::vector<Layout>& in, std::vector<Layout>& out) {
  layouts_of(problem_of<Product::forward>(c), in[0], out[0]);
}
void input_grad_layouts(const Call& c, std::vector<Layout>& in, std::vector<Layout>& out) {
  layouts_of(problem_of<Product::input_grad>(c), in[0], out[0]);
}
void weight_grad_layouts(const Call& c, std::vector<Layout>& in, std::vector<Layout>&) {
  layouts_of(problem_of<Product::weight_grad>(c), in[0], in[1]);
}

void forward(const Call& c) {
  onednn::library->run(problem_of<Product::forward>(c), c.in(0).ptr<float>(), c.in(1).ptr<float>(),
                       c.in(2).ptr<float>(), c.out().ptr<float>(), c.scratch);
}

void input_grad(const Call& c) {
  onednn::library->run(problem_of<Product::input_grad>(c), c.out().ptr<float>(), c.in(1).ptr<float>(),
                       nullptr, c.in(0).ptr<float>(), c.scratch);
}

void weight_grad(const Call& c) {
  const Pieces pieces(problem_of<Product::weight_grad>(c));
  const ConvShape& s = pieces.problem.shape;
  const size_t each = pieces.scratch_each();
  parallel_for(pieces.count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      char* mine = c.scratch + size_t(i) * (pieces.bytes() + each);
      onednn::library->run(pieces.piece(i), c.in(0).ptr<float>() + i * pieces.images * s.c * s.in_size(),
                           reinterpret_cast<float*>(mine), nullptr,
                           c.in(1).ptr<float>() + i * pieces.images * s.o * s.out_size(),
                           mine + pieces.bytes());
    }
  });
  float* dw = c.out().ptr<float>();
  for (int64_t k = 0, n = s.w_shape.numel(); k < n; ++k) {
    float sum = 0;
    for (int64_t i = 0; i < pieces.count; ++i)
      sum += reinterpret_cast<const float*>(c.scratch + size_t(i) * (pieces.bytes() + each))[k];
    dw[k] = sum;
  }
}

constexpr Kernel forward_kernel{.name = "cpu:onednn",
                                .rank = 10,
                                .refuse = refuse<Product::forward>,
                                .scratch = scratch<Product::forward>,
                                .run = forward,
                                .inputs = Inputs::own,
                                .layouts = forward_layouts};
const RegisterKernel conv1d_kernel("conv1d", forward_kernel);
const RegisterKernel conv2d_kernel("conv2d", forward_kernel);
const RegisterKernel conv3d_kernel("conv3d", forward_kernel);
const RegisterKernel input_grad_kernel("conv_input_grad", {.name = "cpu:onednn",
                                                           .rank = 10,
                                                           .refuse = refuse<Product::input_grad>,
                                                           .scratch = scratch<Product::input_grad>,
                                                           .run = input_grad,
                                                           .inputs = Inputs::own,
                                                           .layouts = input_grad_layouts});
const RegisterKernel weight_grad_kernel("conv_weight_grad", {.name = "cpu:onednn",
                                                             .rank = 10,
                                                             .refuse = refuse<Product::weight_grad>,
                                                             .scratch = scratch<Product::weight_grad>,
                                                             .run = weight_grad,
                                                             .inputs = Inputs::own,
                                                             .layouts = weight_grad_layouts});

}  // namespace
}  // namespace fovea

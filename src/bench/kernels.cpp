#include "bench/kernels.h"

#include <chrono>

#include "bench/truth.h"
#include "bench/workload.h"
#include "fovea/autograd.h"
#include "fovea/ops.h"
#include "op/dispatch.h"

namespace fovea::bench {
namespace {

constexpr int error_samples = 256;
constexpr int least_rounds = 3;

/// One product as a call of an op.
struct Work {
  Product product;
  const char* op;
  std::vector<Tensor> in;
  NamedAttrs attrs;
};

std::vector<Work> convolution(const Problem& p, const Operands& t) {
  const auto attrs = [&](const Dims& shape) {
    NamedAttrs a{{"stride", Dims{p.stride}}, {"padding", Dims{p.padding}}, {"groups", p.groups}};
    if (!shape.empty()) a.push_back({"shape", shape});
    return a;
  };
  return {{Product::forward, "conv2d", {t.x, t.weight, {}}, attrs({})},
          {Product::input_grad, "conv_input_grad", {t.g, t.weight}, attrs(t.x.shape())},
          {Product::weight_grad, "conv_weight_grad", {t.x, t.g}, attrs(t.weight.shape())}};
}

/// As the gradient of `linear` has them.
std::vector<Work> linear_layer(const Problem& p, const Operands& t) {
  const Tensor x = reshape(t.x, {p.n, p.c}), w = reshape(t.weight, {p.o, p.c}), g = reshape(t.g, {p.n, p.o});
  return {{Product::forward, "linear", {x, w, {}}, {}},
          {Product::input_grad, "matmul", {g, w}, {}},
          {Product::weight_grad, "matmul", {transpose(g), x}, {}}};
}

Call call_of(const Work& w, const Attrs& attrs) {
  std::vector<View> views;
  for (const Tensor& t : w.in) views.push_back(view_of(t));
  return Call(find_op(w.op), attrs, std::move(views));
}

/// A kernel with the inputs in the layouts that it wants.
struct Contestant {
  const Kernel* kernel;
  std::vector<Tensor> in;
  std::vector<double> seconds = {};
};

std::vector<Contestant> contestants(const Work& w, const Attrs& attrs) {
  std::vector<Contestant> all;
  const Call call = call_of(w, attrs);
  for (const Kernel& k : kernels_of(w.op)) {
    if (k.refuse && k.refuse(call)) continue;
    std::vector<Layout> in, out(1, Layout::plain);
    layouts_of(k, call, in, out);
    Contestant c{&k, w.in};
    for (size_t i = 0; i < c.in.size(); ++i)
      if (c.in[i].defined() && c.in[i].layout() != in[i]) c.in[i] = c.in[i].to(in[i]);
    all.push_back(std::move(c));
  }
  return all;
}

std::vector<KernelFigures> measure_product(const Problem& p, const Operands& t, const Work& w,
                                           double seconds) {
  const Attrs attrs = attrs_of(find_op(w.op), w.attrs);
  const std::string chosen = chosen_kernel(call_of(w, attrs));
  std::vector<Contestant> all = contestants(w, attrs);
  std::vector<KernelFigures> figures;
  for (const Contestant& c : all) {
    const ForceKernel force(c.kernel->name);
    const Tensor result = apply(find_op(w.op), c.in, attrs)[0].to(Layout::plain).contiguous();
    figures.push_back({.product = name_of(w.product),
                       .kernel = c.kernel->name,
                       .chosen = chosen == c.kernel->name,
                       .error = error_of(p, w.product, t, result, error_samples)});
  }
  const auto start = std::chrono::steady_clock::now();
  const auto end = start + std::chrono::duration<double>(seconds * double(all.size()));
  for (int round = 0; round < least_rounds || std::chrono::steady_clock::now() < end; ++round)
    for (Contestant& c : all) {
      const ForceKernel force(c.kernel->name);
      c.seconds.push_back(measure([&] { apply(find_op(w.op), c.in, attrs); }, 0)[0]);
    }
  for (size_t i = 0; i < all.size(); ++i) figures[i].seconds = quantile(all[i].seconds, 0.5);
  return figures;
}

}  // namespace

std::vector<KernelFigures> measure_kernels(const Problem& p, double seconds) {
  const NoGrad guard;
  const Operands t{randn({p.n, p.c, p.h, p.w}), randn({p.o, p.c / p.groups, p.kernel, p.kernel}),
                   randn({p.n, p.o, p.out_h(), p.out_w()})};
  std::vector<KernelFigures> figures;
  for (const Work& w : p.linear ? linear_layer(p, t) : convolution(p, t))
    for (KernelFigures& f : measure_product(p, t, w, seconds)) figures.push_back(std::move(f));
  return figures;
}

}  // namespace fovea::bench

// The CPU kernels of pooling, normalisation and losses against the references on shapes large enough to be
// cut into pieces.
#include <gtest/gtest.h>

#include "against_reference.h"

namespace fovea {
namespace {

using testing::expect_reference;
using testing::inputs;
using testing::make;
using testing::worst_error;

/// 3x3 and 5x5 convolutions of blocked tensors: borders that cut tiles, 8 channels left over, one group of
/// tiles and many.
TEST(ConvKernels, MatchTheReference) {
  struct Case {
    int64_t n, c, height, width, o, pad, k = 3;
  };
  for (const Case& k : {Case{3, 8, 17, 15, 24, 1},
                        {2, 40, 9, 12, 16, 0},
                        {1, 16, 30, 21, 8, 2},
                        {20, 64, 8, 8, 72, 1},
                        {1, 72, 14, 14, 128, 1},
                        {40, 16, 12, 12, 16, 1},
                        {4, 72, 7, 7, 136, 1},
                        {2, 24, 15, 13, 16, 2, 5},
                        {1, 8, 12, 21, 40, 4, 5},
                        {3, 16, 9, 14, 8, 0, 5},
                        {1, 48, 7, 9, 72, 2, 5},
                        {2, 32, 12, 11, 88, 3, 5}}) {
    const NamedAttrs window{{"padding", Dims{k.pad}}};
    const Dims y{k.n, k.o, k.height + 2 * k.pad - k.k + 1, k.width + 2 * k.pad - k.k + 1};
    const double fan_in = 1 / std::sqrt(double(k.k * k.k * k.c)),
                 pixels = 1 / std::sqrt(double(k.n * y[2] * y[3]));
    const auto in =
        inputs({f({k.n, k.c, k.height, k.width}), f({k.o, k.c, k.k, k.k}, -fan_in, fan_in), f({k.o})});
    const Tensor g = make(f(y, -pixels, pixels), f32, 4);  // so that every product is of order 1
    const auto shaped = [&](const Dims& shape) {
      NamedAttrs attrs = window;
      attrs.push_back({"shape", shape});
      return attrs;
    };
    for (const Precision p : {Precision::high, Precision::highest}) {
      set_precision(p);
      const double tolerance = p == Precision::high ? 3e-5 : 1e-5;
      expect_reference("conv2d", in, window, tolerance);
      expect_reference("conv_input_grad", {g, in[1]}, shaped(in[0].shape()), tolerance);
      expect_reference("conv_weight_grad", {in[0], g}, shaped(in[1].shape()), tolerance);
    }
    set_precision(Precision::high);
  }
}

/// Direct convolutions: few channels, large windows and strides, borders wider than the image, many weights;
/// batches that are cut into bands of rows and that are not.
TEST(DirectConvKernels, MatchTheReference) {
  struct Case {
    int64_t n, c, height, width, o, k, stride, pad, dilation;
  };
  for (const Case& k : {Case{2, 3, 50, 47, 16, 11, 4, 2, 1},
                        {9, 3, 30, 33, 24, 7, 2, 3, 1},
                        {20, 3, 15, 16, 8, 3, 2, 1, 1},
                        {1, 1, 40, 40, 8, 5, 1, 2, 1},
                        {17, 1, 12, 28, 6, 5, 1, 2, 1},
                        {3, 6, 14, 9, 16, 5, 1, 0, 1},
                        {3, 5, 3, 2, 3, 3, 1, 2, 1},
                        {2, 16, 2, 3, 8, 5, 2, 4, 1},
                        {2, 16, 13, 12, 8, 3, 3, 2, 2},
                        {5, 128, 7, 6, 136, 3, 2, 1, 1}}) {
    const NamedAttrs window{
        {"stride", Dims{k.stride}}, {"padding", Dims{k.pad}}, {"dilation", Dims{k.dilation}}};
    const auto out = [&](int64_t size) {
      return (size + 2 * k.pad - k.dilation * (k.k - 1) - 1) / k.stride + 1;
    };
    const Dims y{k.n, k.o, out(k.height), out(k.width)};
    const double fan_in = 1 / std::sqrt(double(k.c * k.k * k.k)),
                 pixels = 1 / std::sqrt(double(k.n * y[2] * y[3]));
    const auto in =
        inputs({f({k.n, k.c, k.height, k.width}), f({k.o, k.c, k.k, k.k}, -fan_in, fan_in), f({k.o})});
    const Tensor g = make(f(y, -pixels, pixels), f32, 4);
    const auto shaped = [&](const Dims& shape) {
      NamedAttrs attrs = window;
      attrs.push_back({"shape", shape});
      return attrs;
    };
    expect_reference("conv2d", in, window);
    expect_reference("conv_input_grad", {g, in[1]}, shaped(in[0].shape()));
    expect_reference("conv_weight_grad", {in[0], g}, shaped(in[1].shape()));
  }
}

/// Gradients that are mostly zeros, as behind max pooling, in some images and in others not.
TEST(SparseConvGradients, MatchTheReference) {
  struct Case {
    int64_t n, c, height, width, o, k, stride, pad;
  };
  for (const Case& k : {Case{17, 1, 12, 28, 6, 5, 1, 2},
                        {20, 6, 14, 14, 16, 5, 1, 0},
                        {12, 3, 30, 33, 24, 7, 2, 3},
                        {9, 3, 40, 41, 16, 11, 4, 2},
                        {10, 16, 9, 7, 8, 3, 1, 1},
                        {9, 8, 11, 13, 16, 3, 1, 1},
                        {9, 5, 3, 2, 3, 3, 1, 2}}) {
    const Dims x{k.n, k.c, k.height, k.width}, w{k.o, k.c, k.k, k.k};
    const auto out = [&](int64_t size) { return (size + 2 * k.pad - k.k) / k.stride + 1; };
    const Dims y{k.n, k.o, out(k.height), out(k.width)};
    const double fan_in = 1 / std::sqrt(double(k.c * k.k * k.k)),
                 pixels = 1 / std::sqrt(double(k.n * y[2] * y[3]));
    Tensor g = make(f(y, -pixels, pixels), f32, 4);
    const int64_t image = y[1] * y[2] * y[3];
    for (int64_t i = 0; i < g.numel(); ++i)
      if (i / image % 4 != 3 && i * 7 % 11 > 1) g.data<float>()[i] = 0;
    for (int64_t i = 0; i < image; ++i) g.data<float>()[image + i] = 0;
    const auto in = inputs({f(x), f(w, -fan_in, fan_in), f(x), f(x)});
    const auto shaped = [&](const Dims& shape, NamedAttrs attrs = {}) {
      attrs.insert(attrs.end(), {{"stride", Dims{k.stride}}, {"padding", Dims{k.pad}}, {"shape", shape}});
      return attrs;
    };
    expect_reference("conv_weight_grad", {in[0], g}, shaped(w));
    expect_reference("conv_input_grad", {g, in[1]}, shaped(x));
    expect_reference("conv_input_grad_fused", {g, in[1], in[2], in[3]},
                     shaped(x, {{"low", -0.5}, {"high", 0.5}}));
  }
}

/// 1x1: several blocks of channels, one image and many, bands of pixels, 8 results left over.
TEST(PointConvKernels, MatchTheReference) {
  struct Case {
    int64_t n, c, height, width, o;
  };
  for (const Case& k : {Case{2, 16, 7, 7, 24},
                        {1, 264, 5, 9, 24},
                        {3, 1032, 7, 7, 40},
                        {9, 24, 30, 41, 16},
                        {1, 64, 3, 1, 136},
                        {1, 8, 60, 61, 8}})
    for (const int64_t stride : {1, 2}) {
      const Dims y{k.n, k.o, (k.height + stride - 1) / stride, (k.width + stride - 1) / stride};
      const double fan_in = 1 / std::sqrt(double(k.c)), pixels = 1 / std::sqrt(double(k.n * y[2] * y[3]));
      const auto in =
          inputs({f({k.n, k.c, k.height, k.width}), f({k.o, k.c, 1, 1}, -fan_in, fan_in), f({k.o})});
      const Tensor g = make(f(y, -pixels, pixels), f32, 4), residual = make(f(in[0].shape()), f32, 5);
      NamedAttrs attrs{{"stride", Dims{stride}}};
      expect_reference("conv2d", in, attrs);
      attrs.emplace_back("shape", in[0].shape());
      expect_reference("conv_input_grad", {g, in[1]}, attrs);
      attrs.emplace_back("low", 0.0), attrs.emplace_back("high", 1.0);
      expect_reference("conv_input_grad_fused", {g, in[1], residual, in[0]}, attrs);
      expect_reference("conv_weight_grad", {in[0], g}, {{"stride", Dims{stride}}, {"shape", in[1].shape()}});
    }
}

/// Depthwise convolutions: every window and stride, borders on all sides and none, rows shorter and longer
/// than a tile, one plane and many, gradients of the weight in one piece and many.
TEST(DepthwiseKernels, MatchTheReference) {
  struct Case {
    int64_t n, c, height, width;
  };
  for (const Case& k : {Case{1, 8, 7, 7}, {3, 8, 9, 31}, {2, 24, 33, 16}, {20, 32, 8, 9}, {5, 8, 40, 70}})
    for (int64_t window = 1; window <= 7; ++window)
      for (const int64_t stride : {1, 2})
        for (const Dims& pad : {Dims{0, 0}, Dims{window / 2, window / 2}, Dims{1, 3}}) {
          NamedAttrs attrs{{"padding", pad}, {"stride", Dims{stride}}, {"groups", k.c}};
          const int64_t high = 1 + window / 2;  // a window of other height than width
          const Dims y{k.n, k.c, (k.height + 2 * pad[0] - high) / stride + 1,
                       (k.width + 2 * pad[1] - window) / stride + 1};
          const auto in = inputs({f({k.n, k.c, k.height, k.width}), f({k.c, 1, high, window}), f({k.c})});
          const double pixels = 1 / std::sqrt(double(k.n * y[2] * y[3]));
          const Tensor g = make(f(y, -pixels, pixels), f32, 4);
          expect_reference("conv2d", in, attrs);
          attrs.emplace_back("shape", in[0].shape());
          expect_reference("conv_input_grad", {g, in[1]}, attrs);
          attrs.back().second = in[1].shape();
          expect_reference("conv_weight_grad", {in[0], g}, attrs);
        }
}

/// F(4x4, 3x3) and F(2x2, 5x5) against f64, relative to the largest result: the published size of their
/// error, and none of it at the highest precision.
TEST(ConvKernels, PrecisionIsAsPromised) {
  const NoGrad guard;
  for (const int64_t k : {3, 5}) {
    const Tensor x = make(f({2, 64, 12, 12}), f32, 1), w = make(f({64, 64, k, k}), f32, 2),
                 g = make(f({2, 64, 12, 12}), f32, 3);
    const auto relative = [](const Tensor& y, const Tensor& exact) {
      return max(abs(y.to(f64) - exact)).item() / max(abs(exact)).item();
    };
    const auto product = [&](const char* op, const Tensor& a, const Tensor& b, const Dims& shape, DType t) {
      const NamedAttrs attrs{{"padding", Dims{k / 2}}, {"shape", shape}};
      return apply(find_op(op), {a.to(t), b.to(t)}, attrs_of(find_op(op), attrs))[0];
    };
    const auto products = [&](DType t) {
      return std::vector<Tensor>{conv2d(x.to(t), w.to(t), {}, {1}, {k / 2}),
                                 product("conv_input_grad", g, w, x.shape(), t),
                                 product("conv_weight_grad", x, g, w.shape(), t)};
    };
    const auto exact = products(f64), high = products(f32);
    set_precision(Precision::highest);
    const auto highest = products(f32);
    set_precision(Precision::high);
    for (size_t i = 0; i < exact.size(); ++i) {
      EXPECT_LE(relative(high[i], exact[i]), 2e-5) << k << " product " << i;
      EXPECT_LE(relative(highest[i], exact[i]), 2e-6) << k << " product " << i;
      if (cpu_has_avx2()) {
        EXPECT_LT(relative(highest[i], exact[i]), relative(high[i], exact[i])) << k << " product " << i;
      }
    }
  }
}

/// Few rows and many, short and long sums, columns that fill panels and that do not; plain and transposed
/// factors.
TEST(GemmKernels, MatchTheReference) {
  for (const int64_t m : {1, 2, 3, 12, 13, 70})
    for (const int64_t k : {1, 9, 33, 100, 784})
      for (const int64_t n : {1, 6, 16, 27, 128}) {
        const double fan_in = 1 / std::sqrt(double(k));
        const auto in = inputs({f({m, k}), f({n, k}, -fan_in, fan_in), f({n})});
        expect_reference("linear", in, {});
        expect_reference("linear", {in[0], in[1], {}}, {});
        expect_reference("matmul", {in[0], in[1].permute({1, 0})}, {});
        expect_reference("matmul", {in[0], in[1].permute({1, 0}).contiguous()}, {});
        expect_reference("matmul",
                         {in[0].permute({1, 0}).contiguous().permute({1, 0}), in[1].permute({1, 0})}, {});
      }
}

/// Large factors that are read once, for few rows.
TEST(GemmKernels, StreamsLargeFactors) {
  for (const int64_t m : {13, 20, 96})
    for (const int64_t n : {1000, 1024}) {
      const int64_t k = 1100;
      const double fan_in = 1 / std::sqrt(double(k));
      const auto in = inputs({f({m, k}), f({n, k}, -fan_in, fan_in), f({n})});
      expect_reference("linear", in, {});
      expect_reference("matmul", {in[0], in[1].permute({1, 0}).contiguous()}, {});
    }
}

/// Few rows by a factor whose rows lie dense: sums in parts.
TEST(GemmKernels, ReadLargeFactorsInParts) {
  for (const int64_t m : {1, 2, 10, 13, 24, 25})
    for (const int64_t k : {192, 500, 800}) {
      const double fan_in = 1 / std::sqrt(double(k));
      const auto in = inputs({f({m, k}), f({k, 784}, -fan_in, fan_in)});
      expect_reference("matmul", in, {});
    }
}

TEST(PoolKernels, MatchTheReference) {
  const std::vector<std::pair<Dims, NamedAttrs>> cases{
      {{8, 16, 32, 32}, {{"kernel", Dims{2}}}},
      {{5, 6, 28, 28}, {{"kernel", Dims{2}}}},
      {{3, 8, 7, 21}, {{"kernel", Dims{2}}}},
      {{3, 24, 31, 27}, {{"kernel", Dims{3}}, {"stride", Dims{2}}, {"padding", Dims{1}}}},
      {{2, 3, 40, 61}, {{"kernel", Dims{3}}, {"stride", Dims{2}}, {"padding", Dims{1}}, {"ceil_mode", true}}},
      {{2, 8, 17, 40}, {{"kernel", Dims{3, 5}}, {"stride", Dims{1}}, {"padding", Dims{1, 2}}}},
      {{2, 5, 30, 90}, {{"kernel", Dims{4, 3}}, {"stride", Dims{3}}}},
      {{4, 64, 8, 8}, {{"kernel", Dims{8}}}},
      {{2, 8, 7, 7}, {{"kernel", Dims{7}}}},
      {{3, 8, 6, 5}, {{"kernel", Dims{2, 5}}}}};
  for (const auto& [shape, attrs] : cases) {
    Tensor x = make(f(shape), f32, 3);
    for (int64_t i = 0; i < x.numel(); i += 3) x.data<float>()[i] = std::round(x.data<float>()[i]);  // ties
    for (int64_t i = 5; i < x.numel(); i += 997) x.data<float>()[i] = i % 2 ? NAN : -INFINITY;
    expect_reference("max_pool2d_forward", {x}, attrs);
    const Op& forward = find_op("max_pool2d_forward");
    const auto y = apply(forward, {x}, attrs_of(forward, attrs));
    NamedAttrs back = attrs;
    back.push_back({"size", Dims{shape[2], shape[3]}});
    expect_reference("max_pool2d_backward", {make(f(y[0].shape()), f32, 4), y[1]}, back);
    expect_reference("avg_pool2d", {make(f(shape), f32, 5)}, attrs);
    expect_reference("avg_pool2d_backward", {make(f(y[0].shape()), f32, 6)}, back);
    NamedAttrs inside = attrs;
    inside.push_back({"count_include_pad", false});
    expect_reference("avg_pool2d", {make(f(shape), f32, 5)}, inside);
  }
}

TEST(PoolKernels, MaxOverDilatedWindows) {
  const NamedAttrs attrs{
      {"kernel", Dims{3}}, {"stride", Dims{1}}, {"padding", Dims{1}}, {"dilation", Dims{2}}};
  for (const int64_t channels : {3, 8})
    expect_reference("max_pool2d_forward", inputs({f({2, channels, 20, 37})}), attrs);
}

TEST(BatchNormKernels, MatchTheReference) {
  for (const Dims& shape :
       {Dims{16, 16, 32, 32}, Dims{33, 64, 8, 8}, Dims{5, 6, 30, 29}, Dims{3, 10, 501}, Dims{1, 40, 100},
        Dims{2, 8, 70, 90}, Dims{3, 8, 2, 2}, Dims{3000, 24}, Dims{64, 16, 1, 1}}) {
    const Dims c{shape[1]};
    for (const double centre : {0.0, 100.0}) {
      const auto in = inputs({f(shape, centre - 1, centre + 1), f(c, 0.5, 2), f(c)});
      expect_reference("batch_norm_train", in, {}, centre ? 1e-4 : 1e-5);
    }
    expect_reference("batch_norm_train", {inputs({f(shape)})[0], {}, {}}, {});
    expect_reference("batch_norm_backward", inputs({f(shape), f(shape), f(c), f(c, 0.5, 2), f(c, 0.5, 2)}),
                     {}, 1e-4);  // sums that cancel
    expect_reference("batch_norm_backward", {inputs({f(shape), f(shape), f(c), f(c, 0.5, 2), none()})}, {},
                     1e-4);
    expect_reference("channel_affine", inputs({f(shape), f(c), f(c)}), {});
  }
}

/// A mean a thousand times the deviation: the naive E[x^2] - E[x]^2 loses the variance in f32, ours must not.
TEST(BatchNormKernels, KeepTheVarianceBesideALargeMean) {
  for (const Layout layout : {Layout::plain, Layout::blocked8}) {
    const Tensor x = make(f({8, 8, 24, 24}, 999, 1001), f32, 2);
    const Op& op = find_op("batch_norm_train");
    const NoGrad guard;
    const Tensor exact = apply(op, {x.to(f64), {}, {}}, {1e-5})[2];
    EXPECT_LE(worst_error(apply(op, {x.to(layout), {}, {}}, {1e-5})[2], exact), 1e-5);
  }
}

TEST(LocalResponseNormKernels, MatchTheReference) {
  for (const int64_t size : {1, 4, 5, 9}) {
    const auto in = inputs({f({3, 7, 13, 11})});
    expect_reference("local_response_norm", in, {{"size", size}, {"alpha", 2.0}, {"beta", 0.6}, {"k", 1.5}});
    for (const bool flip : {false, true})
      expect_reference("channel_window_sum", in, {{"size", size}, {"flip", flip}});
  }
}

TEST(DropoutKernels, DropTheSameElements) {
  const auto in = inputs({f({70001})});
  for (const double p : {0.0, 0.3, 0.999, 1.0})
    for (const int64_t seed : {int64_t{0}, int64_t{7}, int64_t{-1}})
      expect_reference("dropout_at", in,
                       {{"p", p}, {"seed", seed}, {"stream", seed + 2}, {"offset", (int64_t{1} << 32) - 5}},
                       1e-7);
}

TEST(SoftmaxKernels, MatchTheReference) {
  for (const Dims& shape : {Dims{128, 10}, Dims{7, 1000}, Dims{3, 1}, Dims{3, 5, 77}})
    for (const char* op : {"softmax", "log_softmax"}) expect_reference(op, inputs({f(shape, -20, 20)}), {});
}

TEST(CrossEntropyKernels, MatchTheReference) {
  const std::vector<NamedAttrs> cases{{},
                                      {{"reduction", "none"}, {"ignore_index", 1}},
                                      {{"label_smoothing", 0.1}, {"ignore_index", 2}},
                                      {{"label_smoothing", 1.0}, {"reduction", "sum"}}};
  const std::vector<std::pair<Dims, Dims>> shapes{{{128, 10}, {128}},
                                                  {{1000, 37}, {1000}},
                                                  {{3, 21, 13, 17}, {3, 13, 17}},
                                                  {{2, 8, 20, 20}, {2, 20, 20}}};
  for (const auto& [shape, labels] : shapes)
    for (const auto& attrs : cases)
      for (const bool weighted : {false, true}) {
        const Gen weight = weighted ? f({shape[1]}, 0.5, 2) : none();
        auto in = inputs({f(shape, -9, 9), ints(labels, 0, shape[1]), weight});
        expect_reference("cross_entropy_fused", in, attrs);
        const bool each = !attrs.empty() && attrs[0].first == "reduction" &&
                          std::get<std::string>(attrs[0].second) == "none";
        const Tensor p = softmax(in[0], 1), g = make(f(each ? labels : Dims{}), f32, 8);
        expect_reference("cross_entropy_backward", {p, in[1], g, in[2]}, attrs);
      }
}

}  // namespace
}  // namespace fovea

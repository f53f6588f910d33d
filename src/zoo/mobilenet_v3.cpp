#include <span>

#include "fovea/init.h"
#include "fovea/operators.h"
#include "fovea/zoo.h"
#include "zoo/blocks.h"

namespace fovea::zoo {
namespace {

struct Stage {
  int64_t kernel, wide, out;
  bool attention, hard;  // squeeze and excitation; h-swish instead of ReLU
  int64_t stride;
};
constexpr Stage large[] = {
    {3, 16, 16, false, false, 1}, {3, 64, 24, false, false, 2}, {3, 72, 24, false, false, 1},
    {5, 72, 40, true, false, 2},  {5, 120, 40, true, false, 1}, {5, 120, 40, true, false, 1},
    {3, 240, 80, false, true, 2}, {3, 200, 80, false, true, 1}, {3, 184, 80, false, true, 1},
    {3, 184, 80, false, true, 1}, {3, 480, 112, true, true, 1}, {3, 672, 112, true, true, 1},
    {5, 672, 160, true, true, 2}, {5, 960, 160, true, true, 1}, {5, 960, 160, true, true, 1}};
constexpr Stage small[] = {
    {3, 16, 16, true, false, 2}, {3, 72, 24, false, false, 2}, {3, 88, 24, false, false, 1},
    {5, 96, 40, true, true, 2},  {5, 240, 40, true, true, 1},  {5, 240, 40, true, true, 1},
    {5, 120, 48, true, true, 1}, {5, 144, 48, true, true, 1},  {5, 288, 96, true, true, 2},
    {5, 576, 96, true, true, 1}, {5, 576, 96, true, true, 1}};

nn::AnyModule activation(bool hard) {
  if (hard) return nn::Hardswish();
  return nn::ReLU();
}

nn::Sequential conv_bn(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, int64_t groups = 1) {
  return conv_norm(in, out, kernel,
                   {.stride = stride, .groups = groups, .norm = {.eps = 0.001, .momentum = 0.01}});
}

/// MobileNetV2's block with attention to channels before it narrows.
struct Block : nn::Module {
  nn::Sequential block;
  bool residual;

  Block(int64_t in, const Stage& s) : residual(s.stride == 1 && in == s.out) {
    if (s.wide != in) block.append(conv_bn(in, s.wide, 1).append(activation(s.hard)));
    block.append(conv_bn(s.wide, s.wide, s.kernel, s.stride, s.wide).append(activation(s.hard)));
    if (s.attention)
      block.append(
          SqueezeExcitation(s.wide, multiple_of_8(double(s.wide) / 4), nn::ReLU(), nn::Hardsigmoid()));
    block.append(conv_bn(s.wide, s.out, 1));
    register_module("block", block);
  }

  Tensor forward(const Tensor& x) const override { return residual ? x + block(x) : block(x); }
  std::string describe() const override { return "InvertedResidual"; }
};

nn::Sequential mobilenet_v3(std::span<const Stage> stages, int64_t last, int64_t classes, int64_t channels) {
  nn::Sequential features;
  features.append(conv_bn(channels, 16, 3, 2).append(nn::Hardswish()));
  int64_t in = 16;
  for (const Stage& s : stages) {
    features.append(Block(in, s));
    in = s.out;
  }
  features.append(conv_bn(in, 6 * in, 1).append(nn::Hardswish()));
  const nn::Sequential classifier(nn::Linear(6 * in, last), nn::Hardswish(), nn::Dropout(0.2),
                                  nn::Linear(last, classes));
  const nn::Sequential net({{"features", features},
                            {"avgpool", nn::AdaptiveAvgPool2d(1)},
                            {"flatten", nn::Flatten()},
                            {"classifier", classifier}});
  for (const auto& [name, p] : net.named_parameters()) {
    if (p.rank() == 4) init::kaiming_normal_(p, {.mode = init::Fan::out});
    else if (p.rank() == 2) init::normal_(p, 0, 0.01);
    else if (name.ends_with(".bias")) init::zeros_(p);
  }
  return net;
}

}  // namespace

nn::Sequential mobilenet_v3_large(int64_t classes, int64_t channels) {
  return mobilenet_v3(large, 1280, classes, channels);
}
nn::Sequential mobilenet_v3_small(int64_t classes, int64_t channels) {
  return mobilenet_v3(small, 1024, classes, channels);
}

}  // namespace fovea::zoo

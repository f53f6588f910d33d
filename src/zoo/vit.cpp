#include <cmath>

#include "fovea/init.h"
#include "fovea/nn/attention.h"
#include "fovea/operators.h"
#include "fovea/zoo.h"

namespace fovea::zoo {
namespace {

/// x + attention(norm(x)), then x + mlp(norm(x)).
struct EncoderBlock : nn::Module {
  nn::LayerNorm ln_1;
  nn::SelfAttention attention;
  nn::LayerNorm ln_2;
  nn::Sequential mlp;

  EncoderBlock(int64_t dim, int64_t heads)
      : ln_1(register_module("ln_1", nn::LayerNorm({dim}, {.eps = 1e-6}))),
        attention(register_module("self_attention", nn::SelfAttention(dim, heads))),
        ln_2(register_module("ln_2", nn::LayerNorm({dim}, {.eps = 1e-6}))),
        mlp(register_module("mlp", nn::Sequential({{"0", nn::Linear(dim, 4 * dim)},
                                                   {"1", nn::GELU()},
                                                   {"3", nn::Linear(4 * dim, dim)}}))) {
    for (const auto& [name, p] : mlp.named_parameters())
      name.ends_with("weight") ? init::xavier_uniform_(p) : init::normal_(p, 0, 1e-6);
  }

  Tensor forward(const Tensor& x) const override {
    const Tensor y = x + attention(ln_1(x));
    return y + mlp(ln_2(y));
  }
  std::string describe() const override { return "EncoderBlock"; }
};

/// Adds where each step is, then runs the blocks.
struct Encoder : nn::Module {
  Tensor positions;
  nn::Sequential layers;
  nn::LayerNorm ln;

  Encoder(int64_t steps, int64_t dim, int64_t heads, int depth)
      : positions(register_parameter("pos_embedding", Tensor::empty({1, steps, dim}))),
        ln({dim}, {.eps = 1e-6}) {
    init::normal_(positions, 0, 0.02);
    for (int i = 0; i < depth; ++i)
      layers.append(EncoderBlock(dim, heads), fmt::format("encoder_layer_{}", i));
    register_module("layers", layers);
    register_module("ln", ln);
  }

  Tensor forward(const Tensor& x) const override { return ln(layers(x + positions)); }
  std::string describe() const override { return "Encoder"; }
};

struct VisionTransformer : nn::Module {
  Tensor class_token;
  nn::Conv2d patches;
  Encoder encoder;
  nn::Sequential head;
  int64_t side;

  VisionTransformer(int64_t classes, int64_t channels, int64_t side, int64_t patch, int64_t dim,
                    int64_t heads, int depth)
      : class_token(register_parameter("class_token", zeros({1, 1, dim}))),
        patches(register_module("conv_proj", nn::Conv2d(channels, dim, patch, {.stride = patch}))),
        encoder(register_module("encoder", Encoder((side / patch) * (side / patch) + 1, dim, heads, depth))),
        head(register_module("heads", nn::Sequential({{"head", nn::Linear(dim, classes)}}))),
        side(side) {
    init::trunc_normal_(patches.weight(), 0, std::sqrt(1 / double(channels * patch * patch)));
    init::zeros_(patches.bias());
    for (const Tensor& p : head.parameters()) init::zeros_(p);
  }

  Tensor forward(const Tensor& x) const override {
    check(x.size(2) == side && x.size(3) == side, "this network was built for images of {}x{}, not {}", side,
          side, x.describe());
    const Tensor y = patches(x);
    const Tensor words = transpose(reshape(y, {y.size(0), y.size(1), -1}));  // (N, T, dim)
    const Tensor first = class_token * ones({x.size(0), 1, 1}, x.dtype());
    return head(squeeze(slice(encoder(concat({first, words}, 1)), 1, 0, 1), 1));
  }
  std::string describe() const override { return "VisionTransformer"; }
};

}  // namespace

nn::AnyModule vit_tiny(int64_t classes, int64_t channels, int64_t side, int64_t patch) {
  if (patch == 0) patch = side < 128 ? 4 : 16;
  check(side > 0 && side % patch == 0,
        "vit_tiny takes square images whose side is a multiple of {}, not {}x{}: resize them", patch, side,
        side);
  return VisionTransformer(classes, channels, side, patch, 192, 3, 12);
}

}  // namespace fovea::zoo

// Parts that several networks of the zoo are made of, with torchvision's names.
#pragma once
#include "fovea/nn.h"

namespace fovea::zoo {

/// The multiple of 8 nearest to `channels`, but not more than 10 % below (Howard et al. 2017).
int64_t multiple_of_8(double channels);

struct ConvNormOptions {
  int64_t stride = 1, groups = 1;
  nn::BatchNormOptions norm = {};
};
/// A convolution that keeps the size at stride 1, and its norm.
///   conv_norm(3, 16, 3).append(nn::ReLU())
nn::Sequential conv_norm(int64_t in, int64_t out, int64_t kernel, const ConvNormOptions& options = {});

/// Scales every channel by what a small network thinks of the means of all of them (Hu et al. 2018).
class SqueezeExcitation : public nn::Module {
 public:
  /// `scale` squashes the answers into [0, 1].
  SqueezeExcitation(int64_t channels, int64_t squeezed, nn::AnyModule activation = nn::ReLU(),
                    nn::AnyModule scale = nn::Sigmoid());
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override { return "SqueezeExcitation"; }

 private:
  nn::Conv2d fc1_, fc2_;
  nn::AnyModule activation_, scale_;
};

}  // namespace fovea::zoo

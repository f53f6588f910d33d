#include "fovea/init.h"
#include "fovea/ops.h"
#include "fovea/zoo.h"

namespace fovea::zoo {
namespace {

nn::Sequential basic_conv(int64_t in, int64_t out, int64_t kernel, nn::ConvOptions options = {}) {
  options.bias = false;
  return nn::Sequential({{"conv", nn::Conv2d(in, out, kernel, options)},
                         {"bn", nn::BatchNorm2d(out, {.eps = 0.001})},
                         {"relu", nn::ReLU()}});
}

nn::MaxPool2d pool(int64_t kernel, int64_t stride, int64_t padding = 0) {
  return nn::MaxPool2d(kernel, {.stride = stride, .padding = padding, .ceil_mode = true});
}

/// Channels of the four branches; reduceN is what the 1x1 convolution before a 3x3 one leaves.
struct Widths {
  int64_t branch1, reduce2, branch2, reduce3, branch3, branch4;
};

/// Four branches side by side: 1x1, 3x3, 3x3 (5x5 in the paper), and pooling. As torchvision, whose published
/// weights have 3x3 in the third branch.
struct Inception : nn::Module {
  std::vector<nn::Sequential> branches;

  Inception(int64_t in, const Widths& w)
      : branches{
            basic_conv(in, w.branch1, 1),
            nn::Sequential(basic_conv(in, w.reduce2, 1), basic_conv(w.reduce2, w.branch2, 3, {.padding = 1})),
            nn::Sequential(basic_conv(in, w.reduce3, 1), basic_conv(w.reduce3, w.branch3, 3, {.padding = 1})),
            nn::Sequential(pool(3, 1, 1), basic_conv(in, w.branch4, 1))} {
    for (size_t i = 0; i < branches.size(); ++i) register_module(fmt::format("branch{}", i + 1), branches[i]);
  }

  Tensor forward(const Tensor& x) const override {
    std::vector<Tensor> parts;
    for (const nn::Sequential& branch : branches) parts.push_back(branch(x));
    return concat(parts, 1);
  }
  std::string describe() const override { return "Inception"; }
};

nn::Sequential auxiliary_head(int64_t in, int64_t classes) {
  return nn::Sequential({{"pool", nn::AdaptiveAvgPool2d(4)},
                         {"conv", basic_conv(in, 128, 1)},
                         {"flatten", nn::Flatten()},
                         {"fc1", nn::Linear(128 * 4 * 4, 1024)},
                         {"relu", nn::ReLU()},
                         {"dropout", nn::Dropout(0.7)},
                         {"fc2", nn::Linear(1024, classes)}});
}

nn::Sequential trunk(int64_t classes, int64_t channels) {
  return nn::Sequential({{"conv1", basic_conv(channels, 64, 7, {.stride = 2, .padding = 3})},
                         {"maxpool1", pool(3, 2)},
                         {"conv2", basic_conv(64, 64, 1)},
                         {"conv3", basic_conv(64, 192, 3, {.padding = 1})},
                         {"maxpool2", pool(3, 2)},
                         {"inception3a", Inception(192, {64, 96, 128, 16, 32, 32})},
                         {"inception3b", Inception(256, {128, 128, 192, 32, 96, 64})},
                         {"maxpool3", pool(3, 2)},
                         {"inception4a", Inception(480, {192, 96, 208, 16, 48, 64})},
                         {"inception4b", Inception(512, {160, 112, 224, 24, 64, 64})},
                         {"inception4c", Inception(512, {128, 128, 256, 24, 64, 64})},
                         {"inception4d", Inception(512, {112, 144, 288, 32, 64, 64})},
                         {"inception4e", Inception(528, {256, 160, 320, 32, 128, 128})},
                         {"maxpool4", pool(2, 2)},
                         {"inception5a", Inception(832, {256, 160, 320, 32, 128, 128})},
                         {"inception5b", Inception(832, {384, 192, 384, 48, 128, 128})},
                         {"avgpool", nn::AdaptiveAvgPool2d(1)},
                         {"flatten", nn::Flatten()},
                         {"dropout", nn::Dropout(0.2)},
                         {"fc", nn::Linear(1024, classes)}});
}

}  // namespace

GoogLeNet::GoogLeNet(int64_t classes, int64_t channels, bool aux_logits) : trunk_(trunk(classes, channels)) {
  for (const auto& [name, module] : trunk_.children()) {
    if (name == "avgpool" && aux_logits) {
      aux1_ = register_module("aux1", auxiliary_head(512, classes));
      aux2_ = register_module("aux2", auxiliary_head(528, classes));
    }
    add_child(name, module);
  }
  for (const Tensor& p : parameters())
    if (p.rank() > 1) init::trunc_normal_(p, 0, 0.01);
}

Tensor GoogLeNet::forward(const Tensor& x) const { return trunk_.forward(x); }

GoogLeNet::Outputs GoogLeNet::outputs(const Tensor& x) const {
  Outputs out{.logits = x};
  for (const auto& [name, module] : trunk_.children()) {
    out.logits = (*module)(out.logits);
    if (!training()) continue;
    if (name == "inception4a" && aux1_) out.aux1 = (*aux1_)(out.logits);
    if (name == "inception4d" && aux2_) out.aux2 = (*aux2_)(out.logits);
  }
  return out;
}

}  // namespace fovea::zoo

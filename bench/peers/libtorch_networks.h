// The small networks of the race in libtorch, as networks.py has them; there Python costs most.
#pragma once
#include <torch/torch.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace peer {

using torch::Tensor;
namespace nn = torch::nn;

struct Network {
  std::function<Tensor(Tensor)> forward;
  std::vector<std::shared_ptr<nn::Module>> layers;  // those with parameters
  std::vector<int64_t> input;                       // of one example
  int64_t classes;

  std::vector<Tensor> parameters() const {
    std::vector<Tensor> all;
    for (const auto& layer : layers)
      for (const Tensor& p : layer->parameters()) all.push_back(p);
    return all;
  }
};

inline Network xor_net() {
  nn::Linear a(2, 2), b(2, 1);
  return {[=](Tensor x) mutable { return b(a(x).tanh()); }, {a.ptr(), b.ptr()}, {2}, 1};
}

inline Network mlp() {
  nn::Linear a(784, 128), b(128, 10);
  return {[=](Tensor x) mutable { return b(a(x.flatten(1)).relu_()); }, {a.ptr(), b.ptr()}, {1, 28, 28}, 10};
}

inline Network lenet5() {
  nn::Conv2d c1(nn::Conv2dOptions(1, 6, 5).padding(2)), c2(nn::Conv2dOptions(6, 16, 5));
  nn::Linear f1(400, 120), f2(120, 84), f3(84, 10);
  const auto forward = [=](Tensor x) mutable {
    x = torch::max_pool2d(c1(x).relu_(), 2);
    x = torch::max_pool2d(c2(x).relu_(), 2);
    return f3(f2(f1(x.flatten(1)).relu_()).relu_());
  };
  return {forward, {c1.ptr(), c2.ptr(), f1.ptr(), f2.ptr(), f3.ptr()}, {1, 28, 28}, 10};
}

/// Two convolutions and a shortcut without parameters (He et al. 2015, section 4.2, option A).
struct CifarBlock : nn::Module {
  CifarBlock(int64_t channels_in, int64_t channels, int64_t stride)
      : conv1(nn::Conv2dOptions(channels_in, channels, 3).stride(stride).padding(1).bias(false)),
        conv2(nn::Conv2dOptions(channels, channels, 3).padding(1).bias(false)),
        bn1(channels),
        bn2(channels),
        stride(stride),
        pad((channels - channels_in) / 2) {
    register_module("conv1", conv1), register_module("bn1", bn1);
    register_module("conv2", conv2), register_module("bn2", bn2);
  }
  Tensor forward(Tensor x) {
    const Tensor y = bn2(conv2(bn1(conv1(x)).relu_()));
    using torch::indexing::Slice;
    if (pad)
      x = torch::constant_pad_nd(x.slice(2, 0, {}, stride).slice(3, 0, {}, stride), {0, 0, 0, 0, pad, pad});
    return (y + x).relu_();
  }
  nn::Conv2d conv1, conv2;
  nn::BatchNorm2d bn1, bn2;
  int64_t stride, pad;
};

inline Network resnet20() {
  nn::Conv2d conv(nn::Conv2dOptions(3, 16, 3).padding(1).bias(false));
  nn::BatchNorm2d bn(16);
  nn::Linear fc(64, 10);
  std::vector<std::shared_ptr<CifarBlock>> blocks;
  int64_t channels = 16;
  for (const int64_t width : {16, 32, 64})
    for (int i = 0; i < 3; ++i) {
      blocks.push_back(std::make_shared<CifarBlock>(channels, width, width == channels ? 1 : 2));
      channels = width;
    }
  std::vector<std::shared_ptr<nn::Module>> layers{conv.ptr(), bn.ptr(), fc.ptr()};
  layers.insert(layers.end(), blocks.begin(), blocks.end());
  const auto forward = [=](Tensor x) mutable {
    x = bn(conv(x)).relu_();
    for (const auto& block : blocks) x = block->forward(x);
    return fc(x.mean({2, 3}));
  };
  return {forward, layers, {3, 32, 32}, 10};
}

/// The rows of an image are the sequence, the last hidden state tells the class.
inline Network lstm() {
  nn::LSTM cells(nn::LSTMOptions(28, 128).batch_first(true));
  nn::Linear fc(128, 10);
  const auto forward = [=](Tensor x) mutable { return fc(std::get<0>(std::get<1>(cells(x))).squeeze(0)); };
  return {forward, {cells.ptr(), fc.ptr()}, {28, 28}, 10};
}

inline Network make(const std::string& name) {
  static const std::map<std::string, Network (*)()> networks{
      {"xor", xor_net}, {"mlp", mlp}, {"lenet5", lenet5}, {"resnet20", resnet20}, {"lstm", lstm}};
  const auto found = networks.find(name);
  if (found == networks.end()) throw std::invalid_argument("this peer has no network " + name);
  torch::manual_seed(0);
  return found->second();
}

}  // namespace peer

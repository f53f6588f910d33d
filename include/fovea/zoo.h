// Networks by name.
//   auto net = zoo::lenet5();                                        // or
//   nn::AnyModule net = zoo::make("mlp:784-128-10:tanh");            // or
//   nn::AnyModule net = zoo::make("resnet20", {.classes = 100});
// Names: perceptron; mlp (input-128-classes) or mlp:SIZES[:ACTIVATION]; lenet5; resnet20, resnet32, resnet44,
// resnet56.
#pragma once
#include "fovea/nn.h"

namespace fovea::zoo {

/// What the data asks of a network; unset entries are the model's own.
struct Options {
  int64_t classes = 0;
  Dims input = {};  // (C,H,W), or (features)
};

struct Info {
  std::string name, doc;
  Dims input;  // of one example
  int64_t classes;
};

/// The network called `name`, freshly initialised. Throws for unknown names, with the nearest one, and for
/// input shapes or class counts that the network cannot have.
nn::AnyModule make(const std::string& name, const Options& options = {});
/// What make(name, options) would build.
Info info(const std::string& name, const Options& options = {});
/// All names.
std::vector<std::string> names();

/// One layer of linear units, one for each class (Rosenblatt 1958): the class with the largest sum wins, so
/// the step function, which has no gradient to learn by, is left out.
nn::Sequential perceptron(int64_t inputs, int64_t classes);

/// Linear layers of these sizes with an activation between them: relu, tanh, sigmoid, leaky_relu, elu, selu,
/// gelu, silu, softplus or maxout.
nn::Sequential mlp(const std::vector<int64_t>& sizes, const std::string& activation = "relu");

/// LeCun et al. 1998 as it is built today, with ReLU and max pooling in place of tanh, trained pooling and
/// RBF outputs: 61,706 parameters for 10 classes and one channel. Takes 28x28 images (padded by 2) or, if
/// `side` is 32, 32x32.
nn::Sequential lenet5(int64_t classes = 10, int64_t channels = 1, int64_t side = 28);

/// The residual networks for CIFAR of He et al. 2015, section 4.2, with parameter-free shortcuts (option A).
/// *Requires* depth = 6 n + 2. resnet20 has 269,722 parameters for 10 classes.
nn::AnyModule cifar_resnet(int depth, int64_t classes = 10, int64_t channels = 3);
inline nn::AnyModule resnet20(int64_t classes = 10, int64_t channels = 3) {
  return cifar_resnet(20, classes, channels);
}

}  // namespace fovea::zoo

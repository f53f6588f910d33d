// Networks by name.
//   auto net = zoo::lenet5();                                        // or
//   nn::AnyModule net = zoo::make("mlp:784-128-10:tanh");            // or
//   nn::AnyModule net = zoo::make("resnet20", {.classes = 100});
//   zoo::make("resnet50").load_state_dict(load_safetensors("resnet50.safetensors"));  // torchvision's
//   weights
// Names: constant; perceptron; mlp (input-128-classes) or mlp:SIZES[:ACTIVATION]; lstm, gru, rnn (128 hidden
// units) or lstm:UNITS, lstm:UNITS-UNITS (two layers); crnn (16 filters at first) or
// crnn:FILTERS, which reads strings; cnn_lstm (8 frames) or cnn_lstm:FRAMES of clips; the energy models
// (fovea/rbm.h) rbm:HIDDEN[:VISIBLE[:HIDDEN]], crbm:GROUPS-SIZE-POOL[:VISIBLE] and dbn:SIZES[:VISIBLE], whose
// visible units are as many as the input has numbers: rbm:500, rbm:500:gaussian:relu, crbm:24-9-2,
// dbn:500-500-2000; the generative networks (fovea/generative.h) autoencoder (convolutional) or
// autoencoder:SIZES[:VISIBLE[:ACTIVATION]], vae:SIZES[:VISIBLE[:ACTIVATION]] and dcgan[:WIDTH]:
// autoencoder:400-20, vae:400-20, dcgan:16; lenet5; for CIFAR resnet20, resnet32, resnet44, resnet56; for
// ImageNet alexnet, alexnet_original, vgg11, vgg13, vgg16, vgg19, resnet18, resnet34, resnet50, resnet101,
// resnet152, se_resnet50, mobilenet_v1, mobilenet_v2, mobilenet_v3_small, mobilenet_v3_large, zfnet,
// googlenet, densenet121, squeezenet1_0, squeezenet1_1, efficientnet_b0, vit_tiny; unet or
// unet:WIDTH for the class of each pixel. Those for ImageNet that
// torchvision has are torchvision's in structure, names of parameters and initialisation, and take images of
// any size from Info::smallest on, unless their text says otherwise.
#pragma once
#include <optional>

#include "fovea/generative.h"
#include "fovea/nn.h"
#include "fovea/rbm.h"

namespace fovea::zoo {

/// What the data asks of a network; unset entries are the model's own.
struct Options {
  int64_t classes = 0;
  Dims input = {};  // (C,H,W), or (features)
};

/// What a network gives for an example: (classes), scores of classes or labels, or numbers; or
/// (steps, 1 + classes), the characters of a string and the blank step by step.
enum class Output : uint8_t { scores, steps, pixels };

struct Info {
  std::string name, doc;
  Dims input;  // of one example
  int64_t classes;
  int64_t smallest = 1;  // height and width of the smallest images it takes
  Output output = Output::scores;
};

/// The network called `name`, freshly initialised. Throws for unknown names, with the nearest one, and for
/// input shapes or class counts that the network cannot have.
nn::AnyModule make(const std::string& name, const Options& options = {});
/// What make(name, options) would build.
Info info(const std::string& name, const Options& options = {});
/// Whether `name` is that of an energy model, which gives features instead of classes and is trained by a
/// train::EnergyTrainer.
bool is_energy_model(const std::string& name);
/// Whether `name` is that of a generative network, which a train::GenerativeTrainer trains.
bool is_generative(const std::string& name);
/// Whether models of this name learn without labels: energy models and generative networks.
bool is_unsupervised(const std::string& name);
/// The units that the name of an energy model or an autoencoder gives to the data.
rbm::Units visible_units(const std::string& name);
/// All names that need no sizes.
std::vector<std::string> names();

/// y = weight * x with one weight: the smallest network that learns (kilometers from miles).
nn::AnyModule constant();

/// One layer of linear units, one for each class (Rosenblatt 1958): the class with the largest sum wins, so
/// the step function, which has no gradient to learn by, is left out.
nn::Sequential perceptron(int64_t inputs, int64_t classes);

/// Linear layers of these sizes with an activation between them: one of nn::make_activation, as in
/// "leaky_relu:0.1", "maxout:3" for units that take the largest of 3 sums, or "none", which leaves one linear
/// function.
nn::Sequential mlp(const std::vector<int64_t>& sizes, const std::string& activation = "relu");

/// XOR by two ReLU units whose weights one finds by hand: h1 = relu(x1 + x2), h2 = relu(x1 + x2 - 1),
/// y = h1 - 2 h2 (Goodfellow et al., Deep Learning, 2016, section 6.1). (N,2) becomes (N,1). In make() it is
/// xor_by_hand.
nn::Sequential xor_by_hand();

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

/// Krizhevsky 2014 ("One weird trick"), the AlexNet of torchvision: no groups, no normalisation.
nn::Sequential alexnet(int64_t classes = 1000, int64_t channels = 3);

/// Krizhevsky et al. 2012 as published: groups of 2 in conv2, conv4 and conv5, response normalisation,
/// overlapping pools; named as in Caffe. The paper's images have 227x227 pixels (it says 224), which makes
/// 60,965,224 parameters; another `side` changes the size of fc6.
nn::Sequential alexnet_original(int64_t classes = 1000, int64_t channels = 3, int64_t side = 227);

/// Zeiler and Fergus 2014, the winner of 2013: AlexNet's layers without groups, smaller filters and strides
/// at the start. The paper's images have 224x224 pixels; another `side` changes the size of fc6. Named as
/// alexnet_original.
nn::Sequential zfnet(int64_t classes = 1000, int64_t channels = 3, int64_t side = 224);

/// Simonyan and Zisserman 2014, without batch normalisation. *Requires* depth 11, 13, 16 or 19.
nn::Sequential vgg(int depth, int64_t classes = 1000, int64_t channels = 3);

/// The residual networks for ImageNet of He et al. 2015; bottlenecks stride in their 3x3 convolution, as
/// torchvision's ("v1.5"). *Requires* depth 18, 34, 50, 101 or 152.
nn::Sequential resnet(int depth, int64_t classes = 1000, int64_t channels = 3);

/// resnet50 with squeeze and excitation in every block (Hu et al. 2018, SENet: 16 times fewer channels
/// between); parameters are named as in timm.
nn::Sequential se_resnet50(int64_t classes = 1000, int64_t channels = 3);

/// Howard et al. 2017, width 1: every 3x3 filter sees one channel.
nn::Sequential mobilenet_v1(int64_t classes = 1000, int64_t channels = 3);

/// Sandler et al. 2018, width 1.
nn::Sequential mobilenet_v2(int64_t classes = 1000, int64_t channels = 3);

/// Howard et al. 2019, width 1.
nn::Sequential mobilenet_v3_large(int64_t classes = 1000, int64_t channels = 3);
nn::Sequential mobilenet_v3_small(int64_t classes = 1000, int64_t channels = 3);

/// Tan and Le 2019.
nn::Sequential efficientnet_b0(int64_t classes = 1000, int64_t channels = 3);

/// The vision transformer (Dosovitskiy et al. 2020) of the size that Touvron et al. 2020 call tiny: 12 blocks
/// of 3 heads, width 192. `patch` is the side of the squares that become words; 0: 16, or 4 for images below
/// 128x128. Takes images of side x side alone; named as torchvision's VisionTransformer.
nn::AnyModule vit_tiny(int64_t classes = 1000, int64_t channels = 3, int64_t side = 224, int64_t patch = 0);

/// Szegedy et al. 2014 with batch normalisation. The auxiliary heads of its training are built if
/// `aux_logits`; the paper's loss is then that of the logits + 0.3 of each head's:
///   const auto [logits, aux1, aux2] = net.outputs(images);
class GoogLeNet : public nn::Module {
 public:
  explicit GoogLeNet(int64_t classes = 1000, int64_t channels = 3, bool aux_logits = false);
  /// The logits alone.
  Tensor forward(const Tensor& x) const override;
  struct Outputs {
    Tensor logits, aux1 = {}, aux2 = {};  // the heads' are undefined in eval mode and without heads
  };
  Outputs outputs(const Tensor& x) const;
  std::string describe() const override { return "GoogLeNet"; }

 private:
  nn::Sequential trunk_;
  std::optional<nn::Sequential> aux1_, aux2_;
};

/// Huang et al. 2016, growth 32 and blocks of 6, 12, 24 and 16 layers.
nn::Sequential densenet121(int64_t classes = 1000, int64_t channels = 3);

/// Iandola et al. 2016, and its later version with 2.4 times less work.
nn::Sequential squeezenet1_0(int64_t classes = 1000, int64_t channels = 3);
nn::Sequential squeezenet1_1(int64_t classes = 1000, int64_t channels = 3);

/// Ronneberger et al. 2015 as it is built today, with padding, batch normalisation and transposed
/// convolutions: (N,C,H,W) becomes logits (N,classes,H,W). Four times the picture is halved and the channels,
/// at first `width`, are doubled; on the way back each level joins what the way down saw. 31,037,698
/// parameters for 2 classes and 3 channels; named as in the usual PyTorch implementation
/// (milesial/Pytorch-UNet). Sides from 16 on need not be multiples of 16.
nn::AnyModule unet(int64_t classes = 2, int64_t channels = 3, int64_t width = 64);

/// Reads an image (C,H,W) from top to bottom: a recurrent net takes H steps of one row each, C*W = `features`
/// numbers; its state after the last row is classified by a linear layer (Le et al. 2015 read MNIST pixel by
/// pixel).
nn::AnyModule lstm(int64_t features, int64_t hidden = 128, int64_t classes = 10, int64_t layers = 1);
nn::AnyModule gru(int64_t features, int64_t hidden = 128, int64_t classes = 10, int64_t layers = 1);
nn::AnyModule rnn(int64_t features, int64_t hidden = 128, int64_t classes = 10, int64_t layers = 1);

/// Reads a line of characters (Shi, Bai and Yao 2015): seven convolutions make columns of features of an
/// image (C,H,W), two bidirectional LSTM layers read them in both directions, and each of W/4 - 1 steps has
/// the logits of a blank and of `classes` characters, (N, W/4 - 1, 1 + classes), for CTC (fovea/strings.h).
/// `filters` are those of the first convolution; all other widths grow with it, and 64 are the paper's.
/// *Requires* height >= 32; the paper's images have 32 rows.
nn::AnyModule crnn(int64_t classes = 10, int64_t channels = 1, int64_t height = 32, int64_t filters = 16);

/// Tells what happens in a clip (Donahue et al. 2014, LRCN): (N, frames * C, H, W), frames one behind the
/// other as channels, as data sets of videos with frames=channels:8 have them. Three convolutions, each with
/// batch normalisation, make 64 maps of every frame, pooled to 4 x 4; an LSTM takes the frames one by one,
/// and its state after the last is classified. `channels` are those of a frame.
nn::AnyModule cnn_lstm(int64_t classes = 10, int64_t channels = 3, int64_t frames = 8);

/// Mirror images: an mlp of these sizes from the examples, of the shape `example`, to the latent space, and
/// one back. autoencoder({1,28,28}, {400, 20}) is 784-400-20-400-784.
generative::Autoencoder autoencoder(const Dims& example, const std::vector<int64_t>& sizes,
                                    rbm::Units visible = rbm::Units::bernoulli,
                                    const std::string& activation = "relu");
/// Images (C,H,W) of sides divisible by 4: two convolutions of stride 2 to 8 channels of a quarter of the
/// side, and two transposed ones back.
generative::Autoencoder conv_autoencoder(const Dims& example, rbm::Units visible = rbm::Units::bernoulli);

/// Kingma and Welling 2013: vae({1,28,28}, {400, 20}) has 400 hidden units on both sides and 20 latent ones,
/// 652,824 parameters.
generative::VAE vae(const Dims& example, const std::vector<int64_t>& sizes,
                    rbm::Units visible = rbm::Units::bernoulli, const std::string& activation = "relu");

/// Radford et al. 2015, as PyTorch's tutorial builds it: noise of 100 numbers; of width 64 for 3x64x64 images
/// 3,576,704 parameters of the generator and 2,765,568 of the discriminator. Images (C,side,side) have a side
/// that is 4 to 7 times a power of two of at least 2: 28, 32, 64. Numbers lie in [-1, 1].
generative::GAN dcgan(const Dims& example, int64_t width = 64);

}  // namespace fovea::zoo

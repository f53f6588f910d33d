#include "fovea/zoo.h"

#include <fmt/format.h>
#include <functional>

#include "zoo/spelled.h"

namespace fovea::zoo {
namespace {

struct Entry {
  Info info;
  std::function<nn::AnyModule(const Info&)> build;
};

nn::AnyModule build_lenet5(const Info& i) {
  check(i.input.size() == 3 && i.input[1] == i.input[2], "lenet5 takes square images (C,H,W), not {}",
        i.input);
  return lenet5(i.classes, i.input[0], i.input[1]);
}

/// (C,H,W) with sides that the network called `i.name` can take.
void check_images(const Info& i) {
  check(i.input.size() == 3 && i.input[1] >= i.smallest && i.input[2] >= i.smallest,
        "{} takes images (C,H,W) of {}x{} or more, not {}", i.name, i.smallest, i.smallest, i.input);
}

/// A network for ImageNet that is built for square images of one side.
Entry for_one_side(
    const char* name, const char* doc, int64_t usual, int64_t smallest,
    const std::function<nn::AnyModule(int64_t classes, int64_t channels, int64_t side)>& build) {
  return {{name, doc, {3, usual, usual}, 1000, smallest}, [build](const Info& i) {
            check_images(i);
            check(i.input[1] == i.input[2], "{} takes square images (C,H,W), not {}", i.name, i.input);
            return build(i.classes, i.input[0], i.input[1]);
          }};
}

Entry for_cifar(int depth, const char* size) {
  return {{fmt::format("resnet{}", depth),
           fmt::format("residual network for CIFAR with {} layers, {} parameters", depth, size),
           {3, 32, 32},
           10},
          [depth](const Info& i) {
            check_images(i);
            return cifar_resnet(depth, i.classes, i.input[0]);
          }};
}

/// A network for ImageNet; `build` gets the classes and the channels.
Entry for_imagenet(const char* name, const char* doc, int64_t smallest,
                   const std::function<nn::AnyModule(int64_t, int64_t)>& build) {
  return {{name, doc, {3, 224, 224}, 1000, smallest}, [build](const Info& i) {
            check_images(i);
            return build(i.classes, i.input[0]);
          }};
}

/// U-Net whose first layers have `width` channels.
Entry for_pixels(const std::string& name, int64_t width, const char* parameters) {
  return {
      {.name = name,
       .doc = fmt::format("U-Net, a class for each pixel, {}or unet:WIDTH of its first layers", parameters),
       .input = {3, 224, 224},
       .classes = 2,
       .smallest = 16,
       .output = Output::pixels},
      [=](const Info& i) {
        check_images(i);
        return unet(i.classes, i.input[0], width);
      }};
}

/// One of a family that is told apart by its depth.
auto deep(nn::Sequential (*family)(int depth, int64_t classes, int64_t channels), int depth) {
  return [=](int64_t classes, int64_t channels) { return family(depth, classes, channels); };
}

using RowReader = nn::AnyModule(int64_t features, int64_t hidden, int64_t classes, int64_t layers);

/// `name` is lstm, gru or rnn.
Entry row_reader(const std::string& name, int64_t hidden = 128, int64_t layers = 1) {
  RowReader* const build = name == "lstm" ? lstm : name == "gru" ? gru : rnn;
  return {{name,
           fmt::format("{} with {} hidden units that reads an image row by row, or {}:UNITS[-UNITS..]",
                       name == "lstm"  ? "LSTM"
                       : name == "gru" ? "GRU"
                                       : "plain recurrent network",
                       hidden, name),
           {1, 28, 28},
           10},
          [=](const Info& i) {
            check_images(i);
            return build(i.input[0] * i.input[2], hidden, i.classes, layers);
          }};
}

/// A CRNN.
Entry string_reader(const std::string& name, int64_t filters = 16) {
  return {
      {.name = name,
       .doc = fmt::format("convolutions with {} filters at first and an LSTM that read a string (CTC), or "
                          "crnn:FILTERS",
                          filters),
       .input = {1, 32, 160},
       .classes = 10,
       .smallest = 32,
       .output = Output::steps},
      [=](const Info& i) {
        check_images(i);
        return crnn(i.classes, i.input[0], i.input[1], filters);
      }};
}

/// A network over the frames of clips.
Entry clip_reader(const std::string& name, int64_t frames = 8) {
  return {{.name = name,
           .doc = fmt::format("convolutions and an LSTM over clips of {} frames, or cnn_lstm:FRAMES", frames),
           .input = {3 * frames, 112, 112},
           .classes = 10,
           .smallest = 8},
          [=](const Info& i) {
            check_images(i);
            check(i.input[0] % frames == 0,
                  "{} takes clips of {} frames as channels of one picture, but {} channels are no {} frames: "
                  "frames=channels:{} makes such of videos",
                  i.name, frames, i.input[0], frames, frames);
            return cnn_lstm(i.classes, i.input[0] / frames, frames);
          }};
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all{
      {{"perceptron", "one layer of linear units, the largest sum wins", {1, 28, 28}, 10},
       [](const Info& i) { return perceptron(i.input.numel(), i.classes); }},
      {{"mlp", "multilayer perceptron with 128 hidden units, or mlp:SIZES[:ACTIVATION]", {1, 28, 28}, 10},
       [](const Info& i) {
         return mlp({i.input.numel(), 128, i.classes});
       }},
      row_reader("lstm"),
      row_reader("gru"),
      row_reader("rnn"),
      string_reader("crnn"),
      clip_reader("cnn_lstm"),
      {{"lenet5", "LeNet-5 with ReLU and max pooling, 61,706 parameters", {1, 28, 28}, 10}, build_lenet5},
      for_cifar(20, "0.27 M"),
      for_cifar(32, "0.46 M"),
      for_cifar(44, "0.66 M"),
      for_cifar(56, "0.85 M"),
      for_imagenet("alexnet", "AlexNet of 2014, torchvision's, 61.1 M parameters", 63, alexnet),
      for_one_side("alexnet_original", "AlexNet of 2012, 61.0 M parameters", 227, 67, alexnet_original),
      for_one_side("zfnet", "ZFNet, the winner of 2013, 62.4 M parameters", 224, 63, zfnet),
      for_imagenet("vgg11", "VGG with 11 layers, 132.9 M parameters", 32, deep(vgg, 11)),
      for_imagenet("vgg13", "VGG with 13 layers, 133.0 M parameters", 32, deep(vgg, 13)),
      for_imagenet("vgg16", "VGG with 16 layers, 138.4 M parameters", 32, deep(vgg, 16)),
      for_imagenet("vgg19", "VGG with 19 layers, 143.7 M parameters", 32, deep(vgg, 19)),
      for_imagenet("resnet18", "residual network with 18 layers, 11.7 M parameters", 1, deep(resnet, 18)),
      for_imagenet("resnet34", "residual network with 34 layers, 21.8 M parameters", 1, deep(resnet, 34)),
      for_imagenet("resnet50", "residual network with 50 layers, 25.6 M parameters", 1, deep(resnet, 50)),
      for_imagenet("resnet101", "residual network with 101 layers, 44.5 M parameters", 1, deep(resnet, 101)),
      for_imagenet("resnet152", "residual network with 152 layers, 60.2 M parameters", 1, deep(resnet, 152)),
      for_imagenet("se_resnet50", "resnet50 with squeeze and excitation, 28.1 M parameters", 1, se_resnet50),
      for_imagenet("mobilenet_v1", "MobileNet, 4.2 M parameters", 1, mobilenet_v1),
      for_imagenet("mobilenet_v2", "MobileNetV2, 3.5 M parameters", 1, mobilenet_v2),
      for_imagenet("mobilenet_v3_large", "MobileNetV3 large, 5.5 M parameters", 1, mobilenet_v3_large),
      for_imagenet("mobilenet_v3_small", "MobileNetV3 small, 2.5 M parameters", 1, mobilenet_v3_small),
      for_imagenet("efficientnet_b0", "EfficientNet-B0, 5.3 M parameters", 1, efficientnet_b0),
      for_one_side(
          "vit_tiny", "vision transformer of 12 blocks, 5.7 M parameters", 224, 4,
          [](int64_t classes, int64_t channels, int64_t side) { return vit_tiny(classes, channels, side); }),
      for_imagenet("googlenet", "GoogLeNet with batch normalisation, 6.6 M parameters", 31,
                   [](int64_t classes, int64_t channels) { return GoogLeNet(classes, channels); }),
      for_imagenet("densenet121", "DenseNet with 121 layers, 8.0 M parameters", 29, densenet121),
      for_imagenet("squeezenet1_0", "SqueezeNet 1.0, 1.2 M parameters", 29, squeezenet1_0),
      for_imagenet("squeezenet1_1", "SqueezeNet 1.1, 1.2 M parameters", 25, squeezenet1_1),
      for_pixels("unet", 64, "31.0 M parameters, ")};
  return all;
}

/// mlp:SIZES[:ACTIVATION]
Entry spelled_mlp(const std::string& name, const Options& options) {
  const size_t start = std::string("mlp:").size(), colon = name.find(':', start);
  const auto sizes = sizes_in(name.substr(start, colon - start), name);
  const std::string activation = colon == std::string::npos ? "relu" : name.substr(colon + 1);
  check(options.input.empty() || options.input.numel() == sizes.front(),
        "{} takes {} numbers, but an input {} has {}", name, sizes.front(), options.input,
        options.input.numel());
  check(options.classes == 0 || options.classes == sizes.back(), "{} has {} classes, not {}", name,
        sizes.back(), options.classes);
  return {{name, "multilayer perceptron", {sizes.front()}, sizes.back()},
          [=](const Info&) { return mlp(sizes, activation); }};
}

/// lstm:UNITS, or lstm:UNITS-UNITS of two layers
Entry spelled_row_reader(const std::string& name) {
  const auto sizes = sizes_in(name.substr(name.find(':') + 1), name);
  check(std::all_of(sizes.begin(), sizes.end(), [&](int64_t n) { return n == sizes[0]; }),
        "{}: all layers have the same number of hidden units, as in lstm:128-128", name);
  Entry entry = row_reader(name.substr(0, name.find(':')), sizes[0], int64_t(sizes.size()));
  entry.info.name = name;
  return entry;
}

/// crnn:FILTERS, cnn_lstm:FRAMES
Entry spelled_by_a_number(const std::string& name) {
  const bool strings = name.starts_with("crnn");
  const auto numbers = sizes_in(name.substr(name.find(':') + 1), name);
  check(numbers.size() == 1, "{}: one number of {} follows, as in {}", name, strings ? "filters" : "frames",
        strings ? "crnn:16" : "cnn_lstm:8");
  return strings ? string_reader(name, numbers[0]) : clip_reader(name, numbers[0]);
}

/// As many numbers as it is given.
Entry the_constant(const Options& options) {
  const int64_t numbers = options.input.empty() ? 1 : options.input.numel();
  check(options.classes == 0 || options.classes == numbers, "constant makes {} numbers of {}, not {}",
        numbers, numbers, options.classes);
  return {{"constant", "one number that everything is multiplied by", {numbers}, numbers},
          [](const Info&) { return constant(); }};
}

Entry find(const std::string& name, const Options& options) {
  if (name == "constant") return the_constant(options);
  if (name.starts_with("mlp:")) return spelled_mlp(name, options);
  if (name == "xor_by_hand")
    return {{name, "XOR by two ReLU units with given weights", {2}, 1}, [](const Info& i) {
              check(i.classes == 1 && i.input == Dims{2},
                    "xor_by_hand has two inputs, one output and nothing to learn");
              return xor_by_hand();
            }};
  for (const char* kind : {"lstm:", "gru:", "rnn:"})
    if (name.starts_with(kind)) return spelled_row_reader(name);
  if (name.starts_with("crnn:") || name.starts_with("cnn_lstm:")) return spelled_by_a_number(name);
  if (name.starts_with("unet:")) {
    const auto width = sizes_in(name.substr(name.find(':') + 1), name);
    check(width.size() == 1, "{}: after the colon stands the width of the first layers, as in unet:16", name);
    return for_pixels(name, width[0], "");
  }
  if (is_energy_model(name))
    return {{name, "energy model", {1, 28, 28}, 10},
            [name](const Info& i) { return energy_model(name, i.input); }};
  if (is_generative(name))
    return {{name, "generative network", name.starts_with("dcgan") ? Dims{3, 64, 64} : Dims{1, 28, 28}, 10},
            [name](const Info& i) { return generative_model(name, i.input); }};
  for (const Entry& e : entries())
    if (e.info.name == name) return e;
  std::vector<std::string> known = names();
  for (const auto* kinds : {&energy_kinds(), &generative_kinds()})
    known.insert(known.end(), kinds->begin(), kinds->end());
  const std::string close = nearest(name.substr(0, name.find(':')), known);
  fail("no model is called '{}'{}: there are {}", name,
       close.empty() ? "" : fmt::format(" (did you mean {}?)", close), fmt::join(known, ", "));
}

Info with(Info info, const Options& options) {
  check(options.classes >= 0, "{} classes", options.classes);
  if (options.classes) info.classes = options.classes;
  if (!options.input.empty()) info.input = options.input;
  return info;
}

}  // namespace

nn::AnyModule make(const std::string& name, const Options& options) {
  const Entry entry = find(name, options);
  return entry.build(with(entry.info, options));
}

Info info(const std::string& name, const Options& options) { return with(find(name, options).info, options); }

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Entry& e : entries()) all.push_back(e.info.name);
  return all;
}

}  // namespace fovea::zoo

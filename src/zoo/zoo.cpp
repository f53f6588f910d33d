#include "fovea/zoo.h"

#include <fmt/format.h>
#include <charconv>
#include <functional>

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

Entry resnet(int depth, const char* size) {
  return {{fmt::format("resnet{}", depth),
           fmt::format("residual network for CIFAR with {} layers, {} parameters", depth, size),
           {3, 32, 32},
           10},
          [depth](const Info& i) {
            check(i.input.size() == 3, "resnet{} takes images (C,H,W), not {}", depth, i.input);
            return cifar_resnet(depth, i.classes, i.input[0]);
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
      {{"lenet5", "LeNet-5 with ReLU and max pooling, 61,706 parameters", {1, 28, 28}, 10}, build_lenet5},
      resnet(20, "0.27 M"),
      resnet(32, "0.46 M"),
      resnet(44, "0.66 M"),
      resnet(56, "0.85 M")};
  return all;
}

/// "784-128-10" as numbers.
std::vector<int64_t> sizes_in(const std::string& text, const std::string& name) {
  std::vector<int64_t> sizes;
  const char *at = text.data(), *end = at + text.size();
  while (true) {
    int64_t n = 0;
    const auto [next, error] = std::from_chars(at, end, n);
    check(error == std::errc() && n > 0 && (next == end || *next == '-'),
          "'{}' has no valid sizes: write them as in mlp:784-128-10", name);
    sizes.push_back(n);
    if (next == end) return sizes;
    at = next + 1;
  }
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

Entry find(const std::string& name, const Options& options) {
  if (name.starts_with("mlp:")) return spelled_mlp(name, options);
  for (const Entry& e : entries())
    if (e.info.name == name) return e;
  const std::string close = nearest(name, names());
  fail("no model is called '{}'{}: there are {}", name,
       close.empty() ? "" : fmt::format(" (did you mean {}?)", close), fmt::join(names(), ", "));
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

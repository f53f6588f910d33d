#include <filesystem>
#include <iostream>

#include "cli/keys.h"
#include "cli/setup.h"
#include "fovea/zoo.h"

namespace fovea::cli {
namespace {

struct Keys {
  std::string model;
  int64_t classes = 0, imgsz = 0, channels = 0, batch = 1;
};

int run(const Keys& k) {
  Dims input;
  nn::AnyModule net = [&]() -> nn::AnyModule {
    if (std::filesystem::exists(k.model)) {
      const Trained trained = load_trained(k.model, {});
      input = trained.checkpoint.card.input;
      return trained.net;
    }
    zoo::Options options{k.classes, zoo::info(k.model).input};
    if (options.input.size() == 3 && k.imgsz > 0) options.input = {options.input[0], k.imgsz, k.imgsz};
    if (options.input.size() == 3 && k.channels > 0) options.input[0] = k.channels;
    input = options.input;
    return zoo::make(k.model, options);
  }();
  input.insert(0, k.batch);
  std::cout << nn::summary(net, input) << std::flush;
  return 0;
}

}  // namespace

const Command summary_command{
    "summary", "the layers of a network: shapes, weights + biases, multiply-accumulates",
    "  fovea summary model=lenet5\n  fovea summary model=resnet20 classes=100\n  fovea summary "
    "model=mlp:784-128-10\n"
    "  fovea summary model=runs/train/1\n",
    Needs::threads, [](CLI::App& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("--model", k->model,
                     fmt::format("{}, mlp:SIZES, or a run folder", fmt::join(zoo::names(), ", ")))
          ->required();
      app.add_option("--classes", k->classes, "number of classes (0: the model's own)")->check(at_least(0));
      app.add_option("--imgsz", k->imgsz, "side of the images (0: the model's own)")->check(at_least(0));
      app.add_option("--channels", k->channels, "of the images (0: the model's own)")->check(at_least(0));
      app.add_option("--batch", k->batch, "examples per batch")->check(at_least(1));
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli

#include "cli/lesson.h"

#include "fovea/functional.h"
#include "fovea/operators.h"
#include "fovea/random.h"
#include "fovea/zoo.h"

namespace fovea::cli {
namespace {

constexpr int64_t most = 512;  // examples, where not told

struct Batch {
  Tensor x, t;
};

Batch batch_of(const data::Dataset& set, int64_t count, bool one_number) {
  check(set.task() != data::Task::transcribe, "{} holds strings; a step is shown of classes and numbers",
        set.name());
  check(count <= set.size(), "batch={} of {}: it has {} examples", count, set.name(), set.size());
  std::vector<Tensor> rows;
  const bool classes = set.task() == data::Task::classify;
  std::vector<float> targets;
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < count; ++i) {
    const data::Example e = set.example(i);
    rows.push_back(unsqueeze(e.image.dtype() == u8 ? e.image.to(f32) / 255. : e.image.to(f32), 0));
    labels.push_back(e.label);
    if (classes) {
      targets.push_back(float(e.label));
      continue;
    }
    std::vector<float> target(set.classes().size());
    set.target(i, target);
    targets.insert(targets.end(), target.begin(), target.end());
  }
  const Tensor numbers = Tensor::of<float>(targets, {count, int64_t(targets.size()) / count});
  return {concat(rows, 0), classes && !one_number ? Tensor::of<int64_t>(labels) : numbers};
}

std::string model_for(const data::Dataset& set) {
  return set.example_shape() == Dims{1} ? "constant"
                                        : fmt::format("mlp:{}-2-1:tanh", set.example_shape().numel());
}

}  // namespace

std::function<Tensor(const Tensor& y, const Tensor& t)> Lesson::objective() const {
  return [entropy = entropy](const Tensor& y, const Tensor& t) {
    return entropy ? cross_entropy(y, t) : mse_loss(y, t);
  };
}

Lesson lesson_of(const std::string& data, const std::string& model, int64_t count, uint64_t seed) {
  const auto set = data::open_dataset(data, data::Split::train, {.seed = seed});
  check(set->task() != data::Task::segment,
        "{} has masks, a class for each of its pixels: what is shown here wants few answers", set->name());
  const std::string name = model.empty() ? model_for(*set) : model;
  manual_seed(seed);
  const zoo::Info info = zoo::info(name, {.input = set->example_shape()});
  const bool own_size = name.starts_with("mlp:") || name == "constant";
  const auto net = zoo::make(name, {own_size ? 0 : int64_t(set->classes().size()), set->example_shape()});
  const bool one_number = own_size && info.classes == 1;
  const Batch batch = batch_of(*set, count > 0 ? count : std::min(most, set->size()), one_number);
  return {set, name, net, batch.x, batch.t, set->task() == data::Task::classify && !one_number};
}

}  // namespace fovea::cli

// A few examples and a network small enough to read: what `fovea step` and `fovea plot surface` learn from.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "fovea/data.h"
#include "fovea/nn.h"

namespace fovea::cli {

struct Lesson {
  std::shared_ptr<data::Dataset> set;
  std::string model;
  nn::AnyModule net;
  Tensor x, t;   // the first examples and what is true of them
  bool entropy;  // the objective: cross-entropy, else the mean squared error

  std::function<Tensor(const Tensor& y, const Tensor& t)> objective() const;
};
/// The first `count` examples of `data` (0: all, 512 at most) and a network called `model`, or one that suits
/// them, with weights by `seed`. Throws if there are fewer examples.
Lesson lesson_of(const std::string& data, const std::string& model, int64_t count, uint64_t seed);

}  // namespace fovea::cli

// A set with other targets than classes.
#pragma once
#include "fovea/data.h"
#include "fovea/random.h"

namespace fovea::test {

/// Points (x, y) in -1..1 with the numbers 100 + 30 x and 5 y, or the labels x > 0 and y > 0.
class Points : public data::Dataset {
 public:
  Points(data::Task task, int64_t count, uint64_t seed) : points_(Tensor::empty({count, 2})) {
    name_ = "points", shape_ = {2}, dtype_ = f32, task_ = task, classes_ = {"a", "b"};
    Generator random(seed, 1);
    for (int64_t i = 0; i < 2 * count; ++i) points_.data<float>()[i] = 2 * random.uniform() - 1;
  }
  int64_t size() const override { return points_.size(0); }
  int64_t label(int64_t) const override { return 0; }
  void target(int64_t i, std::span<float> out) const override {
    const float x = points_.data<float>()[2 * i], y = points_.data<float>()[2 * i + 1];
    if (task_ == data::Task::regress) out[0] = 100 + 30 * x, out[1] = 5 * y;
    else out[0] = x > 0, out[1] = y > 0;
  }
  void read(int64_t i, const Tensor& row) const override { row.copy_from(points_.select(0, i)); }

 private:
  Tensor points_;
};

}  // namespace fovea::test

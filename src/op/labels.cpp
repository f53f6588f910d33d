#include "op/labels.h"

namespace fovea {

void check_range(const Call& c, const View& target, int64_t classes) {
  const int64_t ignore_index = c.i("ignore_index"), *t = target.ptr<int64_t>();
  for (int64_t i = 0, n = target.numel(); i < n; ++i) {
    if (t[i] == ignore_index || (t[i] >= 0 && t[i] < classes)) continue;
    Dims at;
    int64_t rest = i;
    for (int64_t stride : target.shape.contiguous_strides()) at.push_back(rest / stride), rest %= stride;
    fail(
        "[{}] label {} at {} of target {} does not exist: x has {} classes, labels are 0 to {}, or {} to "
        "ignore one",
        c.op().name(), t[i], at, target.shape, classes, classes - 1, ignore_index);
  }
}

void check_labels(const Call& c, const Dims& x, int target, int weight) {
  const char* op = c.op().name().c_str();
  check(x.size() >= 2, "[{}] x wants shape (N,C) or (N,C,d1..), not {}", op, x);
  Dims wanted = x;
  wanted.erase(1);
  check(c.in(target).shape == wanted, "[{}] x {} wants a target of shape {}, not {}", op, x, wanted,
        c.in(target).shape);
  const View& w = c.in(weight);
  check(!w || w.shape == Dims{x[1]}, "[{}] weight wants one entry per class, shape {}, not {}", op,
        Dims{x[1]}, w.shape);
}

}  // namespace fovea

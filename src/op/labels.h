// What the losses over class labels share: x (N,C) or (N,C,d1..) holds a value per class, target (N) or
// (N,d1..) a label, weight (C) or undefined a factor per class. Rows are numbered in the order of target.
//   const Labels<float> l(c, c.in(0).shape, c.in(1), c.in(2));
//   for (int64_t i = 0; i < l.rows; ++i) if (!l.ignored(i)) use(x[l.offset(i)], l.target[i]);
#pragma once
#include "fovea/op.h"

namespace fovea {

/// Throws unless the shapes fit. `x` is the shape with the classes, `target` and `weight` are numbers of
/// inputs.
void check_labels(const Call& c, const Dims& x, int target, int weight);

/// Throws naming the first label outside of [0, classes) that is not ignored.
void check_range(const Call& c, const View& target, int64_t classes);

/// The shape of the loss: of `target` if reduction is "none", else ().
inline Dims loss_shape(const Call& c, const View& target) {
  return c.s("reduction") == "none" ? target.shape : Dims{};
}

template <class real>
struct Labels {
  Labels(const Call& c, const Dims& x, const View& target_view, const View& weight_view)
      : classes(x[1]),
        rows(target_view.numel()),
        target(target_view.ptr<int64_t>()),
        weight(weight_view.ptr<real>()),
        ignore_index(c.i("ignore_index")),
        mean(c.s("reduction") == "mean"),
        none(c.s("reduction") == "none") {
    for (int i = 2; i < x.size(); ++i) inner *= x[i];
    check_range(c, target_view, classes);
  }
  bool ignored(int64_t row) const { return target[row] == ignore_index; }
  real weight_of(int64_t label) const { return weight ? weight[label] : real(1); }
  /// Offset of class 0 of a row; the classes follow at stride `inner`.
  int64_t offset(int64_t row) const { return row / inner * classes * inner + row % inner; }
  /// What the sum of the losses is divided by.
  real divisor() const {
    if (!mean) return 1;
    double total = 0;
    for (int64_t i = 0; i < rows; ++i)
      if (!ignored(i)) total += double(weight_of(target[i]));
    return real(total);
  }

  int64_t classes, rows, inner = 1;
  const int64_t* target;
  const real* weight;
  int64_t ignore_index;
  bool mean, none;
};

}  // namespace fovea

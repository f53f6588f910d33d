#include "tensor/walk.h"

namespace fovea {
namespace {

constexpr int64_t block = 8;

/// The strides of `v` over the walk's dimensions: broadcast to `shape`, split as (N, C/8, ..., 8) if
/// `blocked`.
Dims walk_strides(const View& v, const Dims& shape, bool blocked) {
  Dims s = Dims::filled(shape.size(), 0);
  if (v.layout == Layout::blocked8) {
    check(v.rank() == shape.size() && v.shape[1] == shape[1],
          "a blocked tensor {} does not broadcast over channels of {}", v.shape, shape);
    Dims physical = v.shape;
    physical[1] /= block;
    physical.push_back(block);
    const Dims dense_strides = physical.contiguous_strides();
    for (int i = 0; i < shape.size(); ++i) s[i] = v.shape[i] == 1 && i != 1 ? 0 : dense_strides[i];
    s.push_back(1);
    return s;
  }
  const int lead = shape.size() - v.rank();
  for (int i = 0; i < v.rank(); ++i) s[lead + i] = v.shape[i] == 1 ? 0 : v.strides[i];
  if (blocked) {
    const int64_t channel = s[1];
    s[1] = channel * block;
    s.push_back(channel);
  }
  return s;
}

}  // namespace

bool dense(const Dims& shape, const Dims& strides) {
  int64_t expected = 1;
  for (int i = shape.size() - 1; i >= 0; --i) {
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

bool View::contiguous() const { return layout == Layout::plain && dense(shape, strides); }

View view_of(const Tensor& t) {
  if (!t.defined()) return {};
  return {t.raw(), t.dtype(), t.layout(), t.shape(), t.strides()};
}

Walk::Walk(const Dims& full, std::initializer_list<const View*> views)
    : Walk(full, views.begin(), int(views.size())) {}

Walk::Walk(const Dims& full, const View* const* views, int n) : operands(n) {
  bool blocked = false;
  for (int k = 0; k < n; ++k) blocked |= views[k]->layout == Layout::blocked8;
  Dims split = full;
  if (blocked) {
    split[1] /= block;
    split.push_back(block);
  }
  std::array<Dims, max_operands> wide;
  for (int k = 0; k < n; ++k) wide[k] = walk_strides(*views[k], full, blocked);
  for (int i = 0; i < split.size(); ++i) {
    if (split[i] == 1) continue;
    bool joins = !shape.empty();
    for (int k = 0; k < n && joins; ++k) joins = strides[k].back() == wide[k][i] * split[i];
    if (joins) {
      shape[-1] *= split[i];
      for (int k = 0; k < n; ++k) strides[k][-1] = wide[k][i];
    } else {
      shape.push_back(split[i]);
      for (int k = 0; k < n; ++k) strides[k].push_back(wide[k][i]);
    }
  }
}

Walk::Position Walk::position_of(int64_t row) const {
  Position p;
  for (int i = shape.size() - 2; i >= 0; --i) {
    p.index[size_t(i)] = row % shape[i];
    row /= shape[i];
    for (int k = 0; k < operands; ++k) p.at[k] += p.index[size_t(i)] * strides[k][i];
  }
  return p;
}

}  // namespace fovea

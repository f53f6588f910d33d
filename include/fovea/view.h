// View: what a kernel sees of a tensor: pointer, type, layout, logical shape and strides. It owns nothing.
#pragma once
#include "fovea/tensor.h"

namespace fovea {

struct View {
  void* data = nullptr;
  DType dtype = f32;
  Layout layout = Layout::plain;
  Dims shape, strides;  // logical; strides in elements, unused if blocked

  explicit operator bool() const { return data != nullptr; }
  template <class T>
  T* ptr() const {
    return static_cast<T*>(data);
  }
  int64_t numel() const { return shape.numel(); }
  int64_t size(int dim) const { return shape[dim]; }
  int rank() const { return shape.size(); }
  /// Plain layout with dense row-major elements.
  bool contiguous() const;
};
View view_of(const Tensor& t);

}  // namespace fovea

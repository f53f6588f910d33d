// What the operations on tables of pixels share: the checked view of one, and dispatch over its element type.
#pragma once
#include "fovea/image.h"

namespace fovea::image {

struct Table {
  Tensor tensor;  // contiguous
  int64_t height, width, channels;

  /// The shape of a result with other sizes; a table without a channel dimension stays so.
  Dims shape(int64_t h, int64_t w) const { return tensor.rank() == 2 ? Dims{h, w} : Dims{h, w, channels}; }
  DType dtype() const { return tensor.dtype(); }
};

/// Checks that `t` is a non-empty (H, W) or (H, W, C) of u8, u16 or f32.
inline Table table_of(const Tensor& t, const char* who) {
  const DType d = t.dtype();
  check((t.rank() == 2 || t.rank() == 3) && (d == u8 || d == u16 || d == f32) && t.numel() > 0,
        "[{}] wants pixels (height, width, channels) of u8, u16 or f32, not {}", who, t.describe());
  return {t.contiguous(), t.size(0), t.size(1), t.rank() == 2 ? 1 : t.size(2)};
}

/// Calls f(T{}) with the element type.
template <class F>
void for_type(DType dtype, F&& f) {
  if (dtype == u8) f(uint8_t{});
  else if (dtype == u16) f(uint16_t{});
  else f(float{});
}

/// The table whose pixel (y, x) is the pixel (rows[y], columns[x]) of `t`. *Requires* positions inside of
/// `t`.
Tensor gather(const Table& t, const std::vector<int64_t>& rows, const std::vector<int64_t>& columns);

}  // namespace fovea::image

#include "data/planes.h"

namespace fovea::data {
namespace {

template <int C, class T>
void separate(const T* in, T* out, int64_t channels, int64_t pixels) {
  const int64_t step = C ? C : channels;
  for (int64_t c = 0; c < step; ++c, out += pixels)
    for (int64_t i = 0; i < pixels; ++i) out[i] = in[i * step + c];
}

template <class T>
void separate(const Tensor& table, const Tensor& planes) {
  const int64_t channels = planes.size(0), pixels = planes.numel() / channels;
  if (channels == 3) separate<3>(table.data<T>(), planes.data<T>(), 3, pixels);
  else separate<0>(table.data<T>(), planes.data<T>(), channels, pixels);
}

}  // namespace

void table_to_planes(const Tensor& table, const Tensor& planes) {
  const Tensor in = table.contiguous();
  check(in.dtype() == planes.dtype() && in.numel() == planes.numel(), "a table {} does not fill planes {}",
        in.describe(), planes.describe());
  if (in.dtype() == u8) return separate<uint8_t>(in, planes);
  if (in.dtype() == u16) return separate<uint16_t>(in, planes);
  check(in.dtype() == f32, "tables are of u8, u16 or f32, not {}", name_of(in.dtype()));
  separate<float>(in, planes);
}

Tensor planes_of_table(const Tensor& table) {
  const Tensor planes = Tensor::empty({table.size(2), table.size(0), table.size(1)}, table.dtype());
  table_to_planes(table, planes);
  return planes;
}

}  // namespace fovea::data

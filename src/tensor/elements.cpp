#include "tensor/elements.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace fovea {

static_assert(std::endian::native == std::endian::little,
              "reading and writing tensors wants a little-endian machine");

int64_t checked_bytes(const std::vector<int64_t>& shape, DType dtype) {
  check(shape.size() <= size_t(Dims::max_rank), "the shape has {} dimensions; at most {} are supported",
        shape.size(), int(Dims::max_rank));
  int64_t bytes = size_of(dtype);
  bool empty = false;
  for (const int64_t d : shape) {
    empty |= d == 0;  // strides must fit even if there is no element
    check(d >= 0 && !__builtin_mul_overflow(bytes, std::max<int64_t>(d, 1), &bytes),
          "shape {} has no valid size", Dims(shape));
  }
  return empty ? 0 : bytes;
}

Tensor tensor_from_bytes(std::span<const uint8_t> bytes, const std::vector<int64_t>& shape, DType dtype) {
  const int64_t wanted = checked_bytes(shape, dtype);
  check(uint64_t(wanted) == bytes.size(), "{} of shape {} wants {} bytes, not {}", name_of(dtype),
        Dims(shape), wanted, bytes.size());
  if (dtype == boolean)
    check(std::all_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b <= 1; }),
          "bool elements want bytes 0 or 1; another value was found");
  Tensor t = Tensor::empty(Dims(shape), dtype);
  std::copy(bytes.begin(), bytes.end(), static_cast<uint8_t*>(t.raw()));
  return t;
}

std::string printable(std::string_view text) {
  constexpr size_t longest = 80;
  std::string out(text.substr(0, longest));
  for (char& c : out)
    if (c < ' ' || c > '~') c = '.';
  return text.size() > longest ? out + "..." : out;
}

}  // namespace fovea

#include "fovea/functional.h"

#include <fmt/format.h>

#include <algorithm>

#include "fovea/ops.h"

namespace fovea {

std::vector<Tensor> split(const Tensor& x, int64_t size, int dim) {
  check(size > 0, "split: size {} must be positive (x {})", size, x.describe());
  const int d = normal_axis(dim, x.rank(), "split");
  std::vector<Tensor> parts;
  for (int64_t at = 0; at < x.size(d); at += size) parts.push_back(slice(x, d, at, std::min(at + size, x.size(d))));
  if (parts.empty()) parts.push_back(x);
  return parts;
}

std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int dim) {
  const int d = normal_axis(dim, x.rank(), "split");
  std::vector<Tensor> parts;
  int64_t at = 0;
  for (int64_t size : sizes) {
    check(size >= 0 && size <= x.size(d) - at, "split: sizes ({}) leave dim {} of {}", fmt::join(sizes, ","), d, x.describe());
    parts.push_back(slice(x, d, at, at + size));
    at += size;
  }
  check(at == x.size(d), "split: sizes ({}) do not sum up to dim {} of {}", fmt::join(sizes, ","), d, x.describe());
  return parts;
}

std::vector<Tensor> chunk(const Tensor& x, int64_t chunks, int dim) {
  check(chunks > 0, "chunk: {} chunks of {}", chunks, x.describe());
  const int64_t n = x.size(normal_axis(dim, x.rank(), "chunk"));
  return split(x, std::max<int64_t>(1, (n + chunks - 1) / chunks), dim);
}

std::vector<Tensor> unbind(const Tensor& x, int dim) {
  const int d = normal_axis(dim, x.rank(), "unbind");
  std::vector<Tensor> parts;
  for (int64_t i = 0; i < x.size(d); ++i) parts.push_back(squeeze(slice(x, d, i, i + 1), d));
  return parts;
}

}  // namespace fovea

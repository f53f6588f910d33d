#include "op/pool.h"

namespace fovea {
namespace {

PoolAxis axis_of(const Call& c, const Dims& x, int axis) {
  const char* op = c.op().name().c_str();
  const Dims kernel = c.d("kernel", 2), stride = c.d("stride").empty() ? kernel : c.d("stride", 2),
             padding = c.d("padding", 2);
  const bool dilated = c.op().parsed.attr_index("dilation") >= 0;
  const Dims dilation = dilated ? c.d("dilation", 2) : Dims{1, 1};
  PoolAxis a{x[axis + 2], kernel[axis], stride[axis], padding[axis], dilation[axis], 0};
  check(a.kernel > 0 && a.stride > 0 && a.dilation > 0,
        "[{}] kernel={}, stride={} and dilation={} must be positive (x {})", op, kernel, stride, dilation, x);
  check(a.padding >= 0 && a.padding <= a.kernel / 2,
        "[{}] padding={} must be between 0 and half of kernel={} (x {})", op, padding, kernel, x);
  const int64_t reach = a.dilation * (a.kernel - 1) + 1, room = a.size + 2 * a.padding - reach;
  check(a.size > 0 && room >= 0 && (a.padding == 0 || a.dilation <= a.size),
        "[{}] a window of {} does not fit into {} of x {} with padding {}", op, reach,
        axis ? "the width" : "the height", x, a.padding);
  a.windows = (room + (c.b("ceil_mode") ? a.stride - 1 : 0)) / a.stride + 1;
  if ((a.windows - 1) * a.stride >= a.size + a.padding) --a.windows;  // a window must start inside
  return a;
}

}  // namespace

Pool::Pool(const Call& c, const Dims& x) : rows(axis_of(c, x, 0)), columns(axis_of(c, x, 1)) {}

}  // namespace fovea

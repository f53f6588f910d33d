#include "plan/verify.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace fovea::plan {
namespace {

using Bytes = std::vector<char>;

/// The buffers that `r` writes and that outlive it.
std::vector<Bytes> values_of(const Replay& r) {
  std::vector<Bytes> values;
  for (const int b : r.lasting()) {
    const Storage& s = *r.program().buffers[size_t(b)].storage;
    const char* data = static_cast<const char*>(s.data());
    values.emplace_back(data, data + s.bytes());
  }
  return values;
}

void restore(const Replay& r, const std::vector<Bytes>& values) {
  for (size_t i = 0; i < values.size(); ++i)
    std::copy(values[i].begin(), values[i].end(),
              static_cast<char*>(r.program().buffers[size_t(r.lasting()[i])].storage->data()));
}

/// The last view through which the program writes a buffer, and the step.
std::pair<View, std::string> writer_of(const Program& p, int buffer) {
  for (size_t i = p.steps.size(); i-- > 0;) {
    const Step& s = p.steps[i];
    if (s.host) continue;
    for (size_t k = 0; k < s.out.size(); ++k)
      if (s.out[k].buffer == buffer) return {s.call->outs[k], s.call->op().name()};
    for (size_t k = 0; k < s.in.size(); ++k)
      if (s.in[k].buffer == buffer && s.writes_input(k)) return {s.call->ins[k], s.call->op().name()};
  }
  return {};
}

/// The largest difference over the largest value.
template <class T>
double difference(const Bytes& a, const Bytes& b) {
  double worst = 0, scale = 0;
  const auto *x = reinterpret_cast<const T*>(a.data()), *y = reinterpret_cast<const T*>(b.data());
  for (size_t i = 0; i < a.size() / sizeof(T); ++i) {
    if (std::isnan(x[i]) && std::isnan(y[i])) continue;
    const double d = std::abs(double(x[i]) - double(y[i]));
    worst = std::isnan(d) ? INFINITY : std::max(worst, d);
    scale = std::max(scale, std::abs(double(y[i])));
  }
  return worst == 0 ? 0 : worst / std::max(scale, 1e-30);
}

void compare(const Replay& captured, size_t i, const Bytes& planned, const Bytes& now, double tolerance) {
  if (planned == now) return;
  const auto [view, op] = writer_of(captured.program(), captured.lasting()[i]);
  const double d = view.dtype == f64   ? difference<double>(planned, now)
                   : view.dtype == f32 ? difference<float>(planned, now)
                                       : INFINITY;
  check(tolerance > 0 && d <= tolerance,
        "verify: the plan gives other values than the step it was made from: {} {} written by [{}] differs "
        "by {:.3g} "
        "of its largest value, allowed are {:.3g}: please report it; {{.fuse = false}} or no compile() may "
        "help",
        name_of(view.dtype), view.shape, op, d, tolerance);
}

}  // namespace

void run_verified(Replay& planned, Replay& captured, std::span<const Tensor> arguments, double tolerance) {
  check(planned.lasting() == captured.lasting(), "verify: the plan writes other tensors than the step");
  const auto before = values_of(planned);
  planned.run(arguments);
  const auto after = values_of(planned);
  restore(planned, before);
  captured.run_kernels(arguments);
  const auto expected = values_of(captured);
  for (size_t i = 0; i < after.size(); ++i) compare(captured, i, after[i], expected[i], tolerance);
}

}  // namespace fovea::plan

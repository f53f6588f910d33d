// Padding: constant, reflect, replicate, in PyTorch's order of sides.
#include <cstring>

#include "fovea/ops.h"
#include "ops/lines.h"
#include "tensor/convert.h"

namespace fovea {
namespace {

enum class Mode : uint8_t { constant, reflect, replicate };

Mode mode_of(const AttrReader& a) {
  const std::string& mode = a.s("mode");
  if (mode == "constant") return Mode::constant;
  if (mode == "reflect") return Mode::reflect;
  check(mode == "replicate", "mode=\"{}\" is none of constant, reflect, replicate", mode);
  return Mode::replicate;
}

/// Entries before and after dimension `d`: the list names the last dimension first.
std::pair<int64_t, int64_t> sides(const Dims& padding, int d, int rank) {
  const int at = 2 * (rank - 1 - d);
  return at < padding.size() ? std::pair{padding[at], padding[at + 1]} : std::pair<int64_t, int64_t>{0, 0};
}

Dims padded(const AttrReader& a, const Dims& shape) {
  const Dims& padding = a.d("padding");
  const Mode mode = mode_of(a);
  check(padding.size() % 2 == 0 && padding.size() <= 2 * shape.size(),
        "[{}] padding {} wants two entries for each of up to {} dimensions of {}", a.op().name(), padding, shape.size(), shape);
  Dims out = shape;
  for (int d = 0; d < shape.size(); ++d) {
    const auto [before, after] = sides(padding, d, shape.size());
    const int64_t limit = mode == Mode::reflect ? shape[d] - 1 : int64_t{1} << 40;
    check(mode == Mode::constant || (before >= 0 && after >= 0), "[{}] negative padding {} of {} wants mode constant",
          a.op().name(), padding, shape);
    check(before <= limit && after <= limit, "[{}] padding {} must be below the size of dim {} of {} to reflect it",
          a.op().name(), padding, d, shape);
    out[d] += before + after;
    check(out[d] >= 0 && (mode == Mode::constant || shape[d] > 0 || out[d] == 0), "[{}] padding {} does not fit {}",
          a.op().name(), padding, shape);
  }
  return out;
}

/// The entry of x that entry `i` of the padded dimension shows, -1 for the constant.
int64_t source(int64_t i, int64_t before, int64_t n, Mode mode) {
  i -= before;
  if (i >= 0 && i < n) return i;
  if (mode == Mode::constant) return -1;
  if (mode == Mode::replicate) return i < 0 ? 0 : n - 1;
  return i < 0 ? -i : 2 * n - 2 - i;
}

/// Calls f(first of the row in x or -1, first of the row in the padded tensor) for the padded rows [begin, end).
template <class F>
void for_rows(const Dims& x, const Dims& y, const Dims& padding, Mode mode, int64_t begin, int64_t end, F&& f) {
  const int rank = x.size();
  for (int64_t row = begin; row < end; ++row) {
    int64_t from = 0, stride = x[-1], rest = row;
    for (int d = rank - 2; d >= 0; rest /= y[d], stride *= x[d], --d) {
      const int64_t k = source(rest % y[d], sides(padding, d, rank).first, x[d], mode);
      from = k < 0 || from < 0 ? -1 : from + k * stride;
    }
    f(from, row * y[-1]);
  }
}

void forward(const Call& c) {
  const Dims &xs = c.in(0).shape, &ys = c.out().shape, &padding = c.d("padding");
  const Mode mode = mode_of(c);
  const int64_t before = sides(padding, xs.size() - 1, xs.size()).first, rows = ys[-1] ? ys.numel() / ys[-1] : 0;
  uint64_t fill = 0;
  double value = c.f("value");
  convert_elements(View{&value, f64, Layout::plain, {}, {}}, View{&fill, c.in(0).dtype, Layout::plain, {}, {}});
  by_size(c.in(0).dtype, [&]<class T>(T) {
    T constant;
    std::memcpy(&constant, &fill, sizeof(T));
    const T* x = c.in(0).ptr<T>();
    T* y = c.out().ptr<T>();
    parallel_for(rows, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, ys[-1])), [&](int64_t begin, int64_t end) {
      for_rows(xs, ys, padding, mode, begin, end, [&](int64_t from, int64_t to) {
        for (int64_t i = 0; i < ys[-1]; ++i) {
          const int64_t k = from < 0 ? -1 : source(i, before, xs[-1], mode);
          y[to + i] = k < 0 ? constant : x[from + k];
        }
      });
    });
  });
}

/// Sums every padded entry into the entry it shows; parallel over the leading dimensions that are not padded.
template <class real>
void backward(const Call& c) {
  const Dims &xs = c.out().shape, &gs = c.in(0).shape, &padding = c.d("padding");
  const Mode mode = mode_of(c);
  const int64_t before = sides(padding, xs.size() - 1, xs.size()).first, rows = gs[-1] ? gs.numel() / gs[-1] : 0;
  int64_t pieces = 1;
  for (int d = 0; d < xs.size() - 1 && 2 * (xs.size() - d) > padding.size(); ++d) pieces *= xs[d];
  const real* g = c.in(0).ptr<real>();
  real* y = c.out().ptr<real>();
  std::memset(y, 0, size_t(c.out().numel()) * sizeof(real));
  if (rows > 0)
    parallel_for(rows, rows / pieces, [&](int64_t begin, int64_t end) {
      for_rows(xs, gs, padding, mode, begin, end, [&](int64_t to, int64_t from) {
        for (int64_t i = 0; i < gs[-1]; ++i) y[to + source(i, before, xs[-1], mode)] += g[from + i];
      });
    });
}

FOVEA_OP(pad){
    .signature = "pad(x, padding: ints, mode=\"constant\", value=0.0)",
    .doc = "Entries added at the borders, `padding` in PyTorch's order: {left, right, top, bottom ...}, the last dimension "
           "first. Modes: constant (`value`; negative padding cuts off), reflect (mirrored without the border itself, padding < "
           "size), replicate (the border repeated).",
    .dtypes = DTypes::any,
    .require = {min_rank("x", 1)},
    .shape = [](const Call& c) { return Specs{{padded(c, c.in(0).shape), c.in(0).dtype}}; },
    .reference = forward,
    .vjp = [](const Vjp& v) {
      if (mode_of(v) != Mode::constant)
        return Grads{call("pad_backward", {v.g()},
                          {{"shape", v.in(0).shape()}, {"padding", v.d("padding")}, {"mode", v.s("mode")}})};
      Dims crop = v.d("padding");
      for (int64_t& p : crop) p = -p;
      return Grads{pad(v.g(), crop)};
    },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 3, 5})}, {{"padding", Dims{1, 2, 0, 3}}, {"value", 7.5}}},
                {{f({2, 3})}, {{"padding", Dims{-1, 2, 1, -1}}}},
                {{f({2, 8, 3, 5})}, {{"padding", Dims{4, 2, 1, 2}}, {"mode", "reflect"}}},
                {{f({4})}, {{"padding", Dims{3, 3}}, {"mode", "reflect"}}},
                {{f({2, 8, 3, 2})}, {{"padding", Dims{4, 2, 1, 0}}, {"mode", "replicate"}}},
                {{f({2, 3})}, {{"padding", Dims{0, 0, 1, 2}}, {"mode", "replicate"}}}},
    .bad = {{{f({2, 3})}, {{"padding", Dims{1}}}}, {{f({2, 3})}, {{"padding", Dims{3, 0}}, {"mode", "reflect"}}},
            {{f({2, 3})}, {{"padding", Dims{1, 1}}, {"mode", "wrap"}}}, {{f({2, 3})}, {{"padding", Dims{-4, 0}}}},
            {{f({2, 3})}, {{"padding", Dims{-1, 0}}, {"mode", "replicate"}}}},
};

FOVEA_OP(pad_backward){
    .signature = "pad_backward(g, shape: ints, padding: ints, mode: str)",
    .doc = "The adjoint of pad with modes reflect and replicate: each entry added where it came from.",
    .shape = [](const Call& c) { return Specs{{c.d("shape"), c.in(0).dtype}}; },
    .reference = FOVEA_FLOATS(backward),
    .vjp = [](const Vjp& v) { return Grads{pad(v.g(), v.d("padding"), v.s("mode"))}; },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 6, 11})}, {{"shape", Dims{2, 8, 3, 5}}, {"padding", Dims{4, 2, 1, 2}}, {"mode", "reflect"}}},
                {{f({5, 3})}, {{"shape", Dims{2, 3}}, {"padding", Dims{0, 0, 1, 2}}, {"mode", "replicate"}}}},
    .internal = true,
};

}  // namespace
}  // namespace fovea

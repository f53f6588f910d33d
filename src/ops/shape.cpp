// Other looks at the same elements, and conversions. Views cost nothing; all are differentiable.
#include "fovea/autograd.h"
#include "fovea/ops.h"
#include "tensor/convert.h"

namespace fovea {
namespace {

FOVEA_OP(reshape){
    .signature = "reshape(x, shape: ints)",
    .doc = "The same elements in row-major order with another shape; one entry may be -1. A view where the elements lie dense.",
    .dtypes = DTypes::any,
    .view = [](const Args& a) { return a.in(0).reshape(a.d("shape")); },
    .vjp = [](const Vjp& v) { return Grads{reshape(v.g(), v.in(0).shape())}; },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 3})}, {{"shape", Dims{6, -1}}}}, {{f({2, 8, 2, 3})}, {{"shape", Dims{2, 48}}}}},
    .bad = {{{f({2, 3})}, {{"shape", Dims{4}}}}},
};

FOVEA_OP(flatten){
    .signature = "flatten(x, start=1)",
    .doc = "Joins all dimensions from `start` on: (N,C,H,W) becomes (N,C*H*W).",
    .dtypes = DTypes::any,
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor& x = a.in(0);
      const int start = normal_axis(a.i("start"), x.rank(), "flatten");
      Dims shape;
      for (int i = 0; i < start; ++i) shape.push_back(x.size(i));
      shape.push_back(-1);
      if (x.numel() == 0) shape[-1] = 0;
      return {reshape(x, shape)};
    },
    .samples = {{{f({2, 8, 2, 3})}}, {{f({2, 3})}, {{"start", 0}}}},
    .bad = {{{f({2, 3})}, {{"start", 2}}}},
};

FOVEA_OP(permute){
    .signature = "permute(x, axes: ints)",
    .doc = "Dimension i of the result is dimension axes[i] of x. A view.",
    .dtypes = DTypes::any,
    .view = [](const Args& a) { return a.in(0).permute(a.d("axes")); },
    .vjp = [](const Vjp& v) {
      const Dims& axes = v.d("axes");
      Dims inverse = axes;
      for (int i = 0; i < axes.size(); ++i) inverse[int(axes[i] < 0 ? axes[i] + axes.size() : axes[i])] = i;
      return Grads{permute(v.g(), inverse)};
    },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 3, 5})}, {{"axes", Dims{0, 2, 3, 1}}}}, {{f({2, 3})}, {{"axes", Dims{1, 0}}}}},
    .bad = {{{f({2, 3})}, {{"axes", Dims{0, 0}}}}, {{f({2, 3})}, {{"axes", Dims{0}}}}},
};

FOVEA_OP(transpose){
    .signature = "transpose(x, dim0=-2, dim1=-1)",
    .doc = "Exchanges two dimensions; of a matrix by default.",
    .dtypes = DTypes::any,
    .compose = [](const Args& a) -> std::vector<Tensor> {
      Dims axes;
      for (int i = 0; i < a.in(0).rank(); ++i) axes.push_back(i);
      const int d0 = normal_axis(a.i("dim0"), axes.size(), "transpose"), d1 = normal_axis(a.i("dim1"), axes.size(), "transpose");
      std::swap(axes[d0], axes[d1]);
      return {permute(a.in(0), axes)};
    },
    .samples = {{{f({2, 3, 4})}}, {{f({2, 3, 4})}, {{"dim0", 0}, {"dim1", 2}}}},
    .bad = {{{f({3})}}},
};

FOVEA_OP(expand){
    .signature = "expand(x, shape: ints)",
    .doc = "Dimensions of size 1 repeated to `shape`, new ones in front. A view.",
    .dtypes = DTypes::any,
    .view = [](const Args& a) { return a.in(0).expand(a.d("shape")); },
    .vjp = [](const Vjp& v) { return Grads{sum_to(v.g(), v.in(0).shape())}; },
    .saves = std::vector<std::string>{},
    .samples = {{{f({1, 8, 1, 1})}, {{"shape", Dims{2, 8, 3, 3}}}}, {{f({3, 1})}, {{"shape", Dims{2, 3, 4}}}}},
    .bad = {{{f({2, 3})}, {{"shape", Dims{4, 3}}}}},
};

FOVEA_OP(squeeze){
    .signature = "squeeze(x, dim: int)",
    .doc = "Drops dimension `dim`, which must have size 1.",
    .dtypes = DTypes::any,
    .compose = [](const Args& a) -> std::vector<Tensor> {
      Dims shape = a.in(0).shape();
      const int d = normal_axis(a.i("dim"), shape.size(), "squeeze");
      check(shape[d] == 1, "[squeeze] dim {} of {} is not 1", d, shape);
      shape.erase(d);
      return {reshape(a.in(0), shape)};
    },
    .samples = {{{f({2, 1, 3})}, {{"dim", 1}}}},
    .bad = {{{f({2, 3})}, {{"dim", 0}}}},
};

FOVEA_OP(unsqueeze){
    .signature = "unsqueeze(x, dim: int)",
    .doc = "Adds a dimension of size 1 at `dim` of the result.",
    .dtypes = DTypes::any,
    .compose = [](const Args& a) -> std::vector<Tensor> {
      Dims shape = a.in(0).shape();
      shape.insert(normal_axis(a.i("dim"), shape.size() + 1, "unsqueeze"), 1);
      return {reshape(a.in(0), shape)};
    },
    .samples = {{{f({2, 3})}, {{"dim", 1}}}, {{f({2, 3})}, {{"dim", -1}}}},
    .bad = {{{f({2, 3})}, {{"dim", 4}}}},
};

FOVEA_OP(cast){
    .signature = "cast(x, dtype: dtype)",
    .doc = "Elements converted to another type; floats to integers round towards zero and saturate. The gradient is cast back "
           "(none through integers).",
    .dtypes = DTypes::any,
    .shape = [](const Call& c) { return Specs{{c.in(0).shape, c.type("dtype")}}; },
    .reference = [](const Call& c) { convert_elements(c.in(0), c.out()); },
    .vjp = [](const Vjp& v) { return Grads{cast(v.g(), v.in(0).dtype())}; },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 3, 3})}, {{"dtype", f64}}}, {{f({7}, 0, 200)}, {{"dtype", u8}}}, {{f({7})}, {{"dtype", i32}}}},
};

}  // namespace
}  // namespace fovea

// Several elementwise ops as one: what plans make of neighbours.
#include "op/chain.h"

namespace fovea {
namespace {

Specs chain_shape(const Call& c) {
  const Chain chain = Chain::parse(c.s("chain"), c.inputs());
  Dims shape = c.in(0).shape;
  for (int i = 1; i < c.inputs(); ++i) shape = broadcast(shape, c.in(i).shape, "pointwise_chain");
  for (const auto& link : chain.links)
    check(loops_within(*link.op, c.dtype()), "[pointwise_chain] {} does not give {} of {}", link.op->name(),
          name_of(c.dtype()), name_of(c.dtype()));
  return Specs(chain.results.size(), {shape, c.dtype()});
}

/// Element by element, through the whole chain.
template <class real>
void chain_forward(const Call& c) {
  const Chain chain = Chain::parse(c.s("chain"), c.inputs());
  real x[Chain::most_inputs], t[Chain::most_links];
  const Dims& shape = c.out().shape;
  for (int64_t i = 0; i < c.out().numel(); ++i) {
    for (int k = 0; k < c.inputs(); ++k) {
      const View& v = c.in(k);
      int64_t at = 0, rest = i;
      for (int d = shape.size() - 1, e = v.rank() - 1; d >= 0; rest /= shape[d], --d, --e)
        if (e >= 0 && v.shape[e] != 1) at += rest % shape[d] * v.strides[e];
      x[k] = v.ptr<real>()[at];
    }
    for (size_t l = 0; l < chain.links.size(); ++l) {
      const Chain::Link& link = chain.links[l];
      void* p[Chain::most_args + 1];
      const int64_t strides[Chain::most_args + 1] = {};
      for (size_t a = 0; a < link.args.size(); ++a)
        p[a] = (link.args[a].made ? t : x) + link.args[a].index;
      p[link.args.size()] = t + l;
      loops_within(*link.op, c.dtype())->baseline(p, strides, 1, link.attrs.data());
    }
    for (size_t r = 0; r < chain.results.size(); ++r) c.out(int(r)).ptr<real>()[i] = t[chain.results[r]];
  }
}

FOVEA_OP(pointwise_chain){
    .signature = "pointwise_chain(xs*, chain: str) -> y",
    .doc = "Elementwise ops, each on inputs or on what others give: \"sub x0 x1; square t0 -> t1\" is (x0 - x1)^2. All "
           "inputs are broadcast to one shape; behind the arrow stand the results, which are as many as one likes.",
    .shape = chain_shape,
    .reference = FOVEA_FLOATS(chain_forward),
    .no_gradient = "plans put it in after differentiation",
    .samples = {{{f({2, 3}), f({2, 3})}, {{"chain", "sub x0 x1; square t0 -> t1"}}},
                {{f({2, 8, 3, 5}), f({8, 1, 1}), f({})}, {{"chain", "mul x0 x1; add t0 x2; sigmoid t1; mul t2 x0 -> t3"}}},
                {{f({2, 8, 3, 5}), f({2, 8, 3, 5}), f({2, 8, 1, 1})},
                 {{"chain", "affine x0 2 -1; tanh_grad x1 x2; clamp t1 -0.5 0.5; sub t2 t0; mul t3 t1 -> t4"}}},
                {{f({20000}), f({20000}), f({1})}, {{"chain", "gelu x0; add x1 t0; mul t1 x2; exp t2 -> t2"}}}},
    .bad = {{{f({2, 3}), f({2, 4})}, {{"chain", "add x0 x1 -> t0"}}},
            {{f({2, 3}), f({2, 3})}, {{"chain", "add x0 x2 -> t0"}}},
            {{f({2, 3})}, {{"chain", "sum x0 -> t0"}}}},
    .internal = true,
};

}  // namespace
}  // namespace fovea

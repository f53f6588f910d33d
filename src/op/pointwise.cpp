#include "fovea/pointwise.h"

#include "op/pointwise_run.h"
#include "tensor/walk.h"

namespace fovea {
namespace {

constexpr int max_attrs = 4;

const Pointwise::Loops& loops_for(const Call& c) {
  const DType t = c.in(0).dtype;
  for (const auto& l : c.op().pointwise->loops)
    if (l.in == t) return l;
  fail("[{}] does not compute in {} (inputs {})", c.op().name(), name_of(t), describe(c.ins));
}

void run(const Call& c, bool avx2) {
  const auto& loops = loops_for(c);
  const PointwiseLoop loop = avx2 ? loops.avx2 : loops.baseline;
  double attrs[max_attrs] = {};
  for (size_t i = 0; i < c.attrs().size(); ++i) attrs[i] = std::get<double>(c.attrs()[i]);
  const View* views[Walk::max_operands];
  const int n = c.inputs();
  for (int i = 0; i < n; ++i) views[i] = &c.in(i);
  views[n] = &c.out();
  const Walk walk(c.out().shape, views, n + 1);
  int64_t strides[Walk::max_operands], sizes[Walk::max_operands];
  for (int i = 0; i <= n; ++i) strides[i] = walk.inner_stride(i), sizes[i] = size_of(views[i]->dtype);
  walk.run([&](const auto& at, int64_t count) {
    void* p[Walk::max_operands];
    for (int i = 0; i <= n; ++i) p[i] = static_cast<char*>(views[i]->data) + at[i] * sizes[i];
    loop(p, strides, count, attrs);
  });
}

Specs broadcast_shape(const Call& c) {
  Dims shape = c.in(0).shape;
  for (int i = 1; i < c.inputs(); ++i) shape = broadcast(shape, c.in(i).shape, c.op().name().c_str());
  return {{shape, loops_for(c).out}};
}

}  // namespace

const char* refuse_avx2(const Call&) {
  return cpu_has_avx2() ? nullptr : "this processor has no AVX2 and FMA";
}
void run_pointwise_baseline(const Call& c) { run(c, false); }
void run_pointwise_avx2(const Call& c) { run(c, true); }

namespace detail {

Op pointwise_op(Op op, Pointwise pointwise) {
  const DType first = pointwise.loops.front().in;
  op.dtypes = first == boolean ? DTypes::any : pointwise.loops.size() > 2 ? DTypes::numbers : DTypes::floats;
  op.shape = broadcast_shape;
  op.pointwise = std::make_shared<Pointwise>(std::move(pointwise));
  return op;
}

UnaryOps::UnaryOps(Op op, Pointwise forward, Pointwise first, Pointwise second) {
  const Signature s = Signature::parse(op.signature);
  const std::string name = s.name, rest = op.signature.substr(op.signature.find('(') + 2);  // after "(x"
  Op d1, d2;
  for (Op* d : {&d1, &d2}) {
    d->internal = true;
    d->kinks = op.kinks;
    d->tolerance = op.tolerance * 10;
    for (Sample sample : op.samples) {
      sample.in.push_back(f(sample.in[0].shape));
      d->samples.push_back(sample);
    }
  }
  d1.signature = name + "_grad(x, g" + rest;
  d1.doc = "g times the first derivative of " + name + " at x.";
  d2.signature = name + "_grad2(x, g" + rest;
  d2.doc = "g times the second derivative of " + name + " at x.";
  d2.vjp = not_provided();
  op.vjp = [n = name + "_grad"](const Vjp& v) {
    return Grads{apply(find_op(n), {v.in(0), v.g()}, v.attrs())[0]};
  };
  d1.vjp = [n = name](const Vjp& v) {
    Grads g(2);
    if (v.needs(0)) {
      const Tensor product = fovea::call("mul", {v.in(1), v.g()});
      g[0] = apply(find_op(n + "_grad2"), {v.in(0), product}, v.attrs())[0];
    }
    if (v.needs(1)) g[1] = apply(find_op(n + "_grad"), {v.in(0), v.g()}, v.attrs())[0];
    return g;
  };
  Registered forward_op(pointwise_op(std::move(op), std::move(forward)));
  Registered first_op(pointwise_op(std::move(d1), std::move(first)));
  Registered second_op(pointwise_op(std::move(d2), std::move(second)));
}

}  // namespace detail
}  // namespace fovea

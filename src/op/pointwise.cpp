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

Walk walk_of(const Call& c) {
  const View* views[Walk::max_operands];
  for (int i = 0; i < c.inputs(); ++i) views[i] = &c.in(i);
  views[c.inputs()] = &c.out();
  return {c.out().shape, views, c.inputs() + 1};
}

template <bool avx2>
class BoundPointwise final : public Bound {
 public:
  explicit BoundPointwise(const Call& c) : walk_(walk_of(c)) {
    const auto& loops = loops_for(c);
    loop_ = avx2 ? loops.avx2 : loops.baseline;
    for (size_t i = 0; i < c.attrs().size(); ++i) attrs_[i] = std::get<double>(c.attrs()[i]);
    for (int i = 0; i <= c.inputs(); ++i) {
      strides_[i] = walk_.inner_stride(i);
      sizes_[i] = size_of(i < c.inputs() ? c.in(i).dtype : c.out().dtype);
    }
    alone_ = walk_.alone() ? walk_.inner() : 0;
  }
  void run(const Call& c) const override {
    const int n = c.inputs();
    void* data[Walk::max_operands];
    for (int i = 0; i < n; ++i) data[i] = c.in(i).data;
    data[n] = c.out().data;
    if (alone_ > 0) return loop_(data, strides_, alone_, attrs_);
    walk_.run([&](const auto& at, int64_t count) {
      void* p[Walk::max_operands];
      for (int i = 0; i <= n; ++i) p[i] = static_cast<char*>(data[i]) + at[i] * sizes_[i];
      loop_(p, strides_, count, attrs_);
    });
  }

 private:
  Walk walk_;
  PointwiseLoop loop_;
  double attrs_[max_attrs] = {};
  int64_t strides_[Walk::max_operands], sizes_[Walk::max_operands];
  int64_t alone_;  // elements, if one loop does them all
};

Specs broadcast_shape(const Call& c) {
  Dims shape = c.in(0).shape;
  for (int i = 1; i < c.inputs(); ++i) shape = broadcast(shape, c.in(i).shape, c.op().name().c_str());
  return {{shape, loops_for(c).out}};
}

}  // namespace

const char* refuse_avx2(const Call&) {
  return cpu_has_avx2() ? nullptr : "this processor has no AVX2 and FMA";
}
void run_pointwise_baseline(const Call& c) { run_bound<BoundPointwise<false>>(c); }
void run_pointwise_avx2(const Call& c) { run_bound<BoundPointwise<true>>(c); }
std::unique_ptr<const Bound> bind_pointwise_avx2(const Call& c) { return bind<BoundPointwise<true>>(c); }

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

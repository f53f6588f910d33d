#include "backend/cpu/onednn.h"

#include <omp.h>

#include <dnnl.hpp>
#include <map>
#include <memory>
#include <mutex>

namespace fovea::onednn {
namespace {

using dnnl::memory;
using Dimensions = memory::dims;

dnnl::engine& engine() {
  static dnnl::engine e(dnnl::engine::kind::cpu, 0);
  return e;
}

/// oneDNN divides the weight gradient among its threads and so sums in another order for each count of them:
/// it gets one.
class OneThread {
 public:
  explicit OneThread(bool on) : before_(omp_get_max_threads()) { omp_set_num_threads(on ? 1 : before_); }
  ~OneThread() { omp_set_num_threads(before_); }

 private:
  int before_;
};

struct Primitive {
  dnnl::primitive conv, reorder;  // reorder: plain weight -> inner, or back for the weight gradient
  memory::desc x, y, weight, inner, bias, scratchpad;
  bool reorders = false;

  size_t weight_bytes() const { return reorders ? (inner.get_size() + 63) / 64 * 64 : 0; }
  size_t scratch() const { return weight_bytes() + scratchpad.get_size() + 64; }
};

struct Descriptors {
  memory::desc x, y, any_weight, plain_weight, bias;
  Dimensions stride, dilation, pad, pad_after;
};

memory::format_tag plain_tag(int rank) {
  const memory::format_tag tags[] = {memory::format_tag::abc, memory::format_tag::abcd,
                                     memory::format_tag::abcde, memory::format_tag::abcdef};
  return tags[rank - 3];
}

Descriptors describe(const Problem& p) {
  const ConvShape& s = p.shape;
  const int rank = s.x_shape.size(), first = 5 - rank;
  const auto f32 = memory::data_type::f32;
  const auto image = p.blocked ? memory::format_tag::aBcd8b : plain_tag(rank);
  Descriptors d;
  d.x = memory::desc(s.x_shape.vec(), f32, image);
  d.y = memory::desc(s.y_shape.vec(), f32, image);
  Dimensions w = s.w_shape.vec();
  if (s.groups > 1) w[0] /= s.groups, w.insert(w.begin(), s.groups);
  d.plain_weight = memory::desc(w, f32, plain_tag(int(w.size())));
  d.any_weight = memory::desc(w, f32, memory::format_tag::any);
  d.bias = p.bias ? memory::desc({s.o}, f32, memory::format_tag::a) : memory::desc();
  for (int i = first; i < 3; ++i) {
    const size_t k = size_t(i);
    d.stride.push_back(s.stride[k]), d.dilation.push_back(s.dilation[k] - 1), d.pad.push_back(s.pad[k]);
    d.pad_after.push_back((s.out[k] - 1) * s.stride[k] + s.dilation[k] * (s.k[k] - 1) + 1 - s.in[k] -
                          s.pad[k]);
  }
  return d;
}

dnnl::convolution_forward::primitive_desc forward_desc(const Descriptors& d, bool bias,
                                                       const dnnl::primitive_attr& attr) {
  const auto prop = dnnl::prop_kind::forward_training;
  const auto algorithm = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), prop,     algorithm,  d.x,   d.any_weight, bias ? d.bias : memory::desc(),
          d.y,      d.stride, d.dilation, d.pad, d.pad_after,  attr};
#else
  using Desc = dnnl::convolution_forward::desc;
  const Desc desc =
      bias ? Desc(prop, algorithm, d.x, d.any_weight, d.bias, d.y, d.stride, d.dilation, d.pad, d.pad_after)
           : Desc(prop, algorithm, d.x, d.any_weight, d.y, d.stride, d.dilation, d.pad, d.pad_after);
  return {desc, attr, engine()};
#endif
}

/// Of convolution_backward_data or convolution_backward_weights, which take the same arguments.
template <class Gradient>
typename Gradient::primitive_desc gradient_desc(const Descriptors& d, const dnnl::primitive_attr& attr) {
  const auto algorithm = dnnl::algorithm::convolution_direct;
  const auto hint = forward_desc(d, false, attr);
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), algorithm, d.x, d.any_weight, d.y, d.stride, d.dilation, d.pad, d.pad_after, hint, attr};
#else
  return {
      {algorithm, d.x, d.any_weight, d.y, d.stride, d.dilation, d.pad, d.pad_after}, attr, engine(), hint};
#endif
}

std::shared_ptr<Primitive> create(const Problem& p) {
  const OneThread one(p.product == Product::weight_grad);
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const Descriptors d = describe(p);
  auto made = std::make_shared<Primitive>();
  made->x = d.x, made->y = d.y, made->weight = d.plain_weight, made->bias = d.bias;
  auto take = [&](const auto& desc, const memory::desc& inner, auto primitive) {
    made->conv = primitive;
    made->inner = inner;
    made->scratchpad = desc.scratchpad_desc();
  };
  if (p.product == Product::forward) {
    const auto desc = forward_desc(d, p.bias, attr);
    take(desc, desc.weights_desc(), dnnl::convolution_forward(desc));
  } else if (p.product == Product::input_grad) {
    const auto desc = gradient_desc<dnnl::convolution_backward_data>(d, attr);
    take(desc, desc.weights_desc(), dnnl::convolution_backward_data(desc));
  } else {
    const auto desc = gradient_desc<dnnl::convolution_backward_weights>(d, attr);
    take(desc, desc.diff_weights_desc(), dnnl::convolution_backward_weights(desc));
  }
  made->reorders = made->inner != made->weight;
  const bool back = p.product == Product::weight_grad;
  if (made->reorders)
    made->reorder = dnnl::reorder(dnnl::reorder::primitive_desc(engine(), back ? made->inner : made->weight,
                                                                engine(), back ? made->weight : made->inner));
  return made;
}

/// The primitive of a problem, created at its first use; null with the reason where oneDNN has none.
std::shared_ptr<Primitive> primitive_for(const Problem& p, std::string* reason = nullptr) {
  static std::mutex mutex;
  static auto* known = new std::map<std::string, std::pair<std::shared_ptr<Primitive>, std::string>>;
  const ConvShape& s = p.shape;
  const int threads = p.product == Product::weight_grad ? 1 : omp_get_max_threads();
  const std::string key =
      fmt::format("{} {} {} {} {} {} {} {} {} {}", int(p.product), s.x_shape, s.w_shape, s.groups,
                  Dims(s.stride.begin(), s.stride.end()), Dims(s.pad.begin(), s.pad.end()),
                  Dims(s.dilation.begin(), s.dilation.end()), p.blocked, p.bias, threads);
  std::lock_guard lock(mutex);
  constexpr size_t most = 1024;
  if (known->size() >= most) known->clear();
  auto [entry, fresh] = known->try_emplace(key);
  if (fresh) {
    try {
      entry->second.first = create(p);
    } catch (const dnnl::error& e) {
      entry->second.second = e.what();
    }
  }
  if (reason) *reason = entry->second.second;
  return entry->second.first;
}

const char* version() {
  static const std::string text =
      fmt::format("{}.{}.{}", dnnl_version()->major, dnnl_version()->minor, dnnl_version()->patch);
  return text.c_str();
}

const char* refuse(const Problem& p) {
  thread_local std::string reason;
  return primitive_for(p, &reason) ? nullptr : reason.c_str();
}

size_t scratch(const Problem& p) { return primitive_for(p)->scratch(); }

void run(const Problem& p, float* x, float* w, const float* bias, float* y, char* scratch) {
  const auto made = primitive_for(p);
  const OneThread one(p.product == Product::weight_grad);
  dnnl::stream stream(engine());
  memory plain(made->weight, engine(), w);
  memory inner = made->reorders ? memory(made->inner, engine(), scratch) : plain;
  const memory x_memory(made->x, engine(), x), y_memory(made->y, engine(), y);
  const memory pad(made->scratchpad, engine(), scratch + made->weight_bytes());
  std::unordered_map<int, memory> args{{DNNL_ARG_SCRATCHPAD, pad}};
  switch (p.product) {
    case Product::forward:
      args.insert({{DNNL_ARG_SRC, x_memory}, {DNNL_ARG_WEIGHTS, inner}, {DNNL_ARG_DST, y_memory}});
      if (p.bias) args.insert({DNNL_ARG_BIAS, memory(made->bias, engine(), const_cast<float*>(bias))});
      break;
    case Product::input_grad:
      args.insert({{DNNL_ARG_DIFF_SRC, x_memory}, {DNNL_ARG_WEIGHTS, inner}, {DNNL_ARG_DIFF_DST, y_memory}});
      break;
    case Product::weight_grad:
      args.insert({{DNNL_ARG_SRC, x_memory}, {DNNL_ARG_DIFF_WEIGHTS, inner}, {DNNL_ARG_DIFF_DST, y_memory}});
      break;
  }
  const bool back = p.product == Product::weight_grad;
  if (made->reorders && !back) made->reorder.execute(stream, {{DNNL_ARG_FROM, plain}, {DNNL_ARG_TO, inner}});
  made->conv.execute(stream, args);
  if (made->reorders && back) made->reorder.execute(stream, {{DNNL_ARG_FROM, inner}, {DNNL_ARG_TO, plain}});
  stream.wait();
}

const bool known = [] {
  static constexpr Library here{version, refuse, scratch, run};
  library = &here;
  return true;
}();

}  // namespace
}  // namespace fovea::onednn

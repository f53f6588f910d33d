// Frozen weights: what depends on them alone is computed once, and batch norms become part of the convolution
// before them.
#include "plan/rewrite.h"

namespace fovea::plan {
namespace {

template <class T>
const T* data_of(const Program& p, const Place& place) {
  if (place.buffer < 0) return nullptr;
  return reinterpret_cast<const T*>(
      static_cast<const char*>(p.buffers[size_t(place.buffer)].storage->data()) + place.offset);
}

/// A new constant of that shape.
Arg make_constant(Program& p, const Dims& shape) {
  const Tensor t = Tensor::empty(shape);
  Buffer b;
  b.kind = Buffer::Kind::constant, b.storage = t.impl().storage, b.bytes = b.storage->bytes();
  p.buffers.push_back(std::move(b));
  return {view_of(t), {int(p.buffers.size()) - 1, 0}};
}

/// conv2d(x, w, b) scale + shift = conv2d(x, w scale, b scale + shift)
bool fold_affine(Program& p, const Uses& u, int i) {
  const Step& affine = p.steps[size_t(i)];
  if (!is(affine, "channel_affine") || affine.call->dtype() != f32) return false;
  const int at = maker(p, u, input(affine, 0));
  if (at < 0 || only_reader(p, u, input(affine, 0)) != i) return false;
  const Step& conv = p.steps[size_t(at)];
  if (!is(conv, "conv2d") || !constant(p, conv.in[1]) || !constant(p, conv.in[2]) ||
      !constant(p, affine.in[1]) || !constant(p, affine.in[2]))
    return false;
  const Dims shape = conv.call->in(1).shape;
  const Arg weight = make_constant(p, shape), bias = make_constant(p, {shape[0]});
  const auto *w = data_of<float>(p, conv.in[1]), *b = data_of<float>(p, conv.in[2]);
  const auto *scale = data_of<float>(p, affine.in[1]), *shift = data_of<float>(p, affine.in[2]);
  const int64_t each = shape.numel() / shape[0];
  for (int64_t o = 0; o < shape[0]; ++o) {
    for (int64_t k = 0; k < each; ++k) weight.view.ptr<float>()[o * each + k] = w[o * each + k] * scale[o];
    bias.view.ptr<float>()[o] = (b ? b[o] * scale[o] : 0.f) + shift[o];
  }
  auto folded = call_of("conv2d", attributes(conv), {input(conv, 0), weight, bias}, {result(affine)});
  if (!folded) return false;
  remove(p.steps[size_t(i)]);
  p.steps[size_t(at)] = std::move(*folded);
  return true;
}

}  // namespace

void freeze(Program& p) {
  const Uses uses(p);
  std::vector<std::pair<std::shared_ptr<Storage>, uint64_t>> frozen;
  for (size_t b = 0; b < p.buffers.size(); ++b) {
    if (p.buffers[b].kind != Buffer::Kind::outside || !uses.writers[b].empty()) continue;
    p.buffers[b].kind = Buffer::Kind::constant;
    frozen.emplace_back(p.buffers[b].storage, p.buffers[b].storage->version);
  }
  p.guards.push_back([frozen = std::move(frozen)] {
    for (const auto& [storage, version] : frozen)
      if (storage->version != version) return false;
    return true;
  });
}

void fold_batch_norms(Program& p) { rewrite(p, fold_affine); }

void choose_prepared(Program& p) {
  for (Step& s : p.steps) {
    const bool weighted = s.kernel && s.kernel->prepared && s.in.size() > 1 && s.in[1].buffer >= 0;
    if (!weighted || !constant(p, s.in[1])) continue;
    std::vector<Arg> in, out;
    for (size_t i = 0; i < s.in.size(); ++i) in.push_back(input(s, int(i)));
    for (size_t i = 0; i < s.out.size(); ++i) out.push_back(result(s, int(i)));
    if (auto chosen = call_of(s.call->op().name().c_str(), attributes(s), in, out, true))
      s = std::move(*chosen);
  }
}

}  // namespace fovea::plan

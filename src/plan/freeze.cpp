// Frozen weights: what depends on them alone is computed once, and batch norms become part of the convolution
// or linear layer before them, and linear layers in a row one.
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

/// The step that alone makes input 0 of step i for it alone, if it has constant weights; -1 if there is none.
int weighted_maker(const Program& p, const Uses& u, int i) {
  const Arg x = input(p.steps[size_t(i)], 0);
  const int at = maker(p, u, x);
  if (at < 0 || only_reader(p, u, x) != i) return -1;
  const Step& s = p.steps[size_t(at)];
  const bool weighted = is(s, "conv2d") || is(s, "linear");
  return weighted && s.call->in(1).contiguous() && constant(p, s.in[1]) && constant(p, s.in[2]) ? at : -1;
}

/// Step `at` with other weights gives what step i gave, which goes.
bool replace_both(Program& p, int at, int i, const Arg& weight, const Arg& bias) {
  const Step& s = p.steps[size_t(at)];
  auto folded = call_of(s.call->op().name().c_str(), attributes(s), {input(s, 0), weight, bias},
                        {result(p.steps[size_t(i)])});
  if (!folded) return false;
  remove(p.steps[size_t(i)]);
  p.steps[size_t(at)] = std::move(*folded);
  return true;
}

/// conv2d(x, w, b) scale + shift = conv2d(x, w scale, b scale + shift), and so for linear
bool fold_affine(Program& p, const Uses& u, int i) {
  const Step& affine = p.steps[size_t(i)];
  if (!is(affine, "channel_affine") || affine.call->dtype() != f32) return false;
  const int at = weighted_maker(p, u, i);
  if (at < 0 || !constant(p, affine.in[1]) || !constant(p, affine.in[2])) return false;
  const Step& before = p.steps[size_t(at)];
  if (is(before, "linear") && affine.call->in(0).rank() != 2)
    return false;  // its channels are another dimension
  const Dims shape = before.call->in(1).shape;
  const Arg weight = make_constant(p, shape), bias = make_constant(p, {shape[0]});
  const auto *w = data_of<float>(p, before.in[1]), *b = data_of<float>(p, before.in[2]);
  const auto *scale = data_of<float>(p, affine.in[1]), *shift = data_of<float>(p, affine.in[2]);
  const int64_t each = shape.numel() / shape[0];
  for (int64_t o = 0; o < shape[0]; ++o) {
    for (int64_t k = 0; k < each; ++k) weight.view.ptr<float>()[o * each + k] = w[o * each + k] * scale[o];
    bias.view.ptr<float>()[o] = (b ? b[o] * scale[o] : 0.f) + shift[o];
  }
  return replace_both(p, at, i, weight, bias);
}

/// linear(linear(x, w1, b1), w2, b2) = linear(x, w2 w1, w2 b1 + b2), where that is less work: not for a
/// narrow middle
bool fold_linear(Program& p, const Uses& u, int i) {
  const Step& second = p.steps[size_t(i)];
  if (!is(second, "linear") || second.call->dtype() != f32 || !second.call->in(1).contiguous()) return false;
  const int at = weighted_maker(p, u, i);
  if (at < 0 || !is(p.steps[size_t(at)], "linear") || !constant(p, second.in[1]) ||
      !constant(p, second.in[2]))
    return false;
  const Step& first = p.steps[size_t(at)];
  const int64_t inputs = first.call->in(1).size(1), hidden = first.call->in(1).size(0);
  const int64_t outputs = second.call->in(1).size(0);
  if (outputs * inputs > hidden * (inputs + outputs)) return false;
  const auto *w1 = data_of<float>(p, first.in[1]), *b1 = data_of<float>(p, first.in[2]);
  const auto *w2 = data_of<float>(p, second.in[1]), *b2 = data_of<float>(p, second.in[2]);
  const Arg weight = make_constant(p, {outputs, inputs}), bias = make_constant(p, {outputs});
  std::vector<double> row(size_t(inputs), 0);
  for (int64_t o = 0; o < outputs; ++o) {
    std::fill(row.begin(), row.end(), 0);
    double shift = b2 ? b2[o] : 0;
    for (int64_t h = 0; h < hidden; ++h) {
      const double factor = w2[o * hidden + h];
      for (int64_t k = 0; k < inputs; ++k) row[size_t(k)] += factor * w1[h * inputs + k];
      shift += b1 ? factor * b1[h] : 0;
    }
    std::copy(row.begin(), row.end(), weight.view.ptr<float>() + o * inputs);
    bias.view.ptr<float>()[o] = float(shift);
  }
  return replace_both(p, at, i, weight, bias);
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

void fold_weights(Program& p) { rewrite(p, fold_affine), rewrite(p, fold_linear); }

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

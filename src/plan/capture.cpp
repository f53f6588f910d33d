#include "plan/capture.h"

#include <algorithm>
#include <cstring>

#include "tensor/convert.h"

namespace fovea::plan {
namespace {

/// Kernels of what happens to tensors outside of ops.
struct Raw {
  Op op;
  Kernel kernel;
  Raw(const char* signature, void (*run)(const Call&)) {
    op.parsed = Signature::parse(signature);
    kernel.name = "copy", kernel.run = run;
  }
};
const Raw& move() {
  static const Raw r("move(to!, from)", [](const Call& c) { convert_elements(c.in(1), c.in(0)); });
  return r;
}
const Raw& convert() {
  static const Raw r("convert(x)", [](const Call& c) { convert_elements(c.in(0), c.out()); });
  return r;
}
const Raw& zero() {
  static const Raw r("zero() -> y", [](const Call& c) {
    std::memset(c.out().data, 0, size_t(c.out().numel() * size_of(c.out().dtype)));
  });
  return r;
}

bool fills_its_storage(const Tensor& t) {
  return t.numel() * size_of(t.dtype()) == int64_t(t.impl().storage->bytes());
}

}  // namespace

Capture::Capture(std::span<const Tensor> arguments)
    : before_(set_recorder(this)), first_id_(Tensor::empty({}).impl().storage->id()) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const int b = place_of(arguments[i]).buffer;
    program_.buffers[size_t(b)].kind = Buffer::Kind::argument;
    program_.buffers[size_t(b)].argument = int(i);
  }
}

Capture::~Capture() { end(); }

void Capture::end() {
  if (recorder() == this) set_recorder(before_);
  for (const auto& [leaf, gradient] : found_gradients_) leaf.set_grad(gradient);
  found_gradients_.clear();
}

/// What a kernel of the step writes first may die as in an eager step. What it reads first was there before,
/// or was filled by the host, and is needed again.
Place Capture::place_of(const Tensor& t, Seen how) {
  if (!t.defined()) return {};
  const auto& storage = t.impl().storage;
  const auto [it, is_new] = buffers_.emplace(storage->id(), int(program_.buffers.size()));
  if (is_new) {
    Buffer b;
    b.kind = storage->id() > first_id_ ? Buffer::Kind::made : Buffer::Kind::outside;
    b.bytes = storage->bytes();
    if (b.kind == Buffer::Kind::made && how == Seen::written) b.made = storage;
    else b.storage = storage;
    program_.buffers.push_back(std::move(b));
  }
  return {it->second, static_cast<char*>(t.raw()) - static_cast<char*>(storage->data())};
}

/// A parameter whose storage is exchanged (Module::to) is no longer the one that the program writes; one that
/// is frozen or thawed is treated otherwise.
void Capture::guard_leaf(const Tensor& t, const Place& place) {
  if (place.buffer < 0 || program_.buffers[size_t(place.buffer)].kind != Buffer::Kind::outside) return;
  if (!t.is_leaf() || !guarded_.insert(&t.impl()).second) return;
  program_.leaves.push_back({t.ptr(), t.impl().storage.get(), t.impl().requires_grad});
}

void Capture::ran(const Kernel& kernel, const Call& call, const std::vector<Tensor>& in,
                  const std::vector<Tensor>& out, size_t scratch) {
  Step s;
  s.kernel = &kernel;
  s.attrs = std::make_unique<const Attrs>(call.attrs());
  s.call = std::make_unique<Call>(call.op(), *s.attrs, call.ins, call.outs);
  s.call->dtype_ = call.dtype_;
  s.scratch = scratch;
  for (const Tensor& t : in) {
    s.in.push_back(place_of(t));
    guard_leaf(t, s.in.back());
  }
  for (const Tensor& t : out) s.out.push_back(place_of(t, Seen::written));
  program_.steps.push_back(std::move(s));
}

void Capture::moved(const Tensor& from, const Tensor& to) {
  // A copy into a part of a storage leaves the rest as it was: that is a write in place.
  const bool whole = fills_its_storage(to);
  const Raw& r = whole ? convert() : move();
  const Attrs none;
  if (whole) ran(r.kernel, Call(r.op, none, {view_of(from)}, {view_of(to)}), {from}, {to}, 0);
  else ran(r.kernel, Call(r.op, none, {view_of(to), view_of(from)}), {to, from}, {}, 0);
}

void Capture::zeroed(const Tensor& t) {
  const Attrs none;
  ran(zero().kernel, Call(zero().op, none, {}, {view_of(t)}), {}, {t}, 0);
}

void Capture::repeated(std::function<void()> work) {
  Step s;
  s.host = std::move(work);
  program_.steps.push_back(std::move(s));
}

void Capture::counted(std::shared_ptr<int64_t> counter) {
  Step s;
  s.counter = counter.get();
  s.host = [counter = std::move(counter)] { ++*counter; };
  program_.steps.push_back(std::move(s));
}

void Capture::guarded(std::function<bool()> holds) { program_.guards.push_back(std::move(holds)); }

void Capture::gradient(const Tensor& leaf, const Tensor& before) {
  auto& given = program_.gradients;
  const auto it =
      std::find_if(given.begin(), given.end(), [&](const auto& g) { return g.first.ptr() == leaf.ptr(); });
  if (it != given.end()) {
    it->second = leaf.grad();
    return;
  }
  found_gradients_.emplace_back(leaf, before);
  given.emplace_back(leaf, leaf.grad());
  if (leaf.grad().defined())  // not forgotten: what a replay finds must be what was found here
    guarded([leaf, before] { return leaf.grad().ptr() == before.ptr(); });
}

void Capture::found(const Tensor& t) {
  Buffer& b = program_.buffers[size_t(place_of(t).buffer)];
  b.kind = Buffer::Kind::outside;
}

Program Capture::finish(std::vector<Tensor> results) {
  end();
  for (const Tensor& t : results) place_of(t);
  for (Buffer& b : program_.buffers) {
    if (b.kind != Buffer::Kind::made) continue;
    if (!b.storage) b.storage = b.made.lock();  // somebody holds it
    else if (b.storage.use_count() == 1) continue;
    if (b.storage) b.kind = Buffer::Kind::kept;
  }
  program_.results = std::move(results);
  return std::move(program_);
}

}  // namespace fovea::plan

#include "plan/replay.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/arena.h"
#include "tensor/convert.h"

namespace fovea::plan {

Replay::Replay(Program program, const CompileOptions& options) : program_(std::move(program)) {
  if (options.freeze) freeze(program_);
  fold_constants(program_);
  drop_dead(program_);
  if (options.fuse) {
    share_equal(program_);
    fold_weights(program_);
    fuse(program_);
    choose_prepared(program_);
    chain_elementwise(program_);
  }
  update_early(program_);
  if (options.fuse) fuse_updates(program_);
  if (options.fuse && options.freeze) split_batch(program_);
  place_and_bind(plan_memory(program_));
  prepare();
}

Replay::Replay(Program program) : program_(std::move(program)) {
  fold_constants(program_);  // finds what the host filled
  place_and_bind(spread_memory(program_));
}

void Replay::place_and_bind(Memory memory) {
  memory_ = std::move(memory);
  block_ = static_cast<char*>(arena::allocate(size_t(memory_.bytes)));
  bind();
  results_ = program_.results;
  for (const Tensor& t : results_) {
    const bool dense = t.defined() && (t.layout() == Layout::blocked8 || t.is_contiguous());
    const auto bytes = size_t(dense ? t.numel() * size_of(t.dtype()) : 0);
    few_bytes_.push_back(bytes <= 4096 ? bytes : 0);
  }
  arena::trim();  // what the eager step had beside the plan
}

Replay::~Replay() {
  if (block_) arena::release(block_, size_t(memory_.bytes));
}

void Replay::bind() {
  const auto point = [&](View& view, const Place& place) {
    if (place.buffer < 0) return;
    const Buffer& b = program_.buffers[size_t(place.buffer)];
    if (b.kind == Buffer::Kind::argument) patches_.push_back({&view, b.argument, place.offset});
    else if (b.kind == Buffer::Kind::made)
      view.data = block_ + memory_.buffer[size_t(place.buffer)] + place.offset;
    else view.data = b.storage->data() + place.offset;
  };
  for (size_t i = 0; i < program_.steps.size(); ++i) {
    Step& s = program_.steps[i];
    if (s.host) continue;
    for (size_t k = 0; k < s.in.size(); ++k) point(s.call->ins[k], s.in[k]);
    for (size_t k = 0; k < s.out.size(); ++k) point(s.call->outs[k], s.out[k]);
    s.call->scratch = s.scratch > 0 ? block_ + memory_.scratch[i] : nullptr;
    if (s.kernel->bind) s.bound = s.kernel->bind(*s.call);
  }
  for (const Repeat& r : program_.repeats) {
    auto& shifts = shifts_.emplace_back();
    const auto moving = [&](View& view, const Place& place) {
      if (place.next > 0) shifts.push_back({&view, place.next});
    };
    for (size_t i = r.first; i < r.last; ++i) {
      Step& s = program_.steps[i];
      for (size_t k = 0; k < s.in.size(); ++k) moving(s.call->ins[k], s.in[k]);
      for (size_t k = 0; k < s.out.size(); ++k) moving(s.call->outs[k], s.out[k]);
    }
  }
  std::vector<bool> written(program_.buffers.size());
  for (const Step& s : program_.steps)
    if (!s.host) s.for_writes([&](int b) { written[size_t(b)] = true; });
  for (size_t i = 0; i < program_.buffers.size(); ++i) {
    Buffer& b = program_.buffers[i];
    if (b.kind == Buffer::Kind::argument) b.storage = nullptr;
    else if (b.kind != Buffer::Kind::made && written[i]) lasting_.push_back(int(i));
  }
}

/// Lets kernels pack and transform weights that stay as they are.
void Replay::prepare() {
  for (Step& s : program_.steps) {
    if (s.host || !s.kernel->prepared || s.in.size() < 2 || s.in[1].buffer < 0 ||
        program_.buffers[size_t(s.in[1].buffer)].kind != Buffer::Kind::constant)
      continue;
    const size_t bytes = s.kernel->prepared(*s.call);
    if (bytes == 0) continue;
    prepared_.push_back(std::make_unique<Storage>(bytes, Device{}));
    char* to = static_cast<char*>(prepared_.back()->data());
    s.kernel->prepare(*s.call, to);
    s.call->prepared = to;
  }
}

bool Replay::fits() const {
  for (const Leaf& leaf : program_.leaves)
    if (!leaf.holds()) return false;
  return std::all_of(program_.guards.begin(), program_.guards.end(),
                     [](const auto& holds) { return holds(); });
}

namespace {

void run_step(const Step& s) {
  if (s.bound) s.bound->run(*s.call);
  else if (s.host) s.host();
  else s.kernel->run(*s.call);
}

}  // namespace

void Replay::point_at(std::span<const Tensor> arguments) {
  for (const Patch& p : patches_)
    p.view->data = static_cast<char*>(arguments[size_t(p.argument)].raw()) + p.offset;
}

void Replay::shift(size_t repeat, int64_t times) {
  for (const Shift& s : shifts_[repeat]) s.view->data = static_cast<char*>(s.view->data) + times * s.bytes;
}

/// Calls f(step) for each, those of a repeat in turn for each part of the examples.
template <class F>
void Replay::each_step(F&& f) {
  size_t i = 0;
  for (size_t k = 0; k < program_.repeats.size(); ++k) {
    const Repeat& r = program_.repeats[k];
    for (; i < r.first; ++i) f(i);
    for (int64_t part = 0; part < r.times; ++part, shift(k, 1))
      for (i = r.first; i < r.last; ++i) f(i);
    shift(k, -r.times);
  }
  for (; i < program_.steps.size(); ++i) f(i);
}

void Replay::run(std::span<const Tensor> arguments) {
  point_at(arguments);
  each_step([&](size_t i) { run_step(program_.steps[i]); });
  finish();
}

void Replay::run_kernels(std::span<const Tensor> arguments) {
  point_at(arguments);
  each_step([&](size_t i) {
    if (!program_.steps[i].host) run_step(program_.steps[i]);
  });
  finish();
}

void Replay::run_timed(std::span<const Tensor> arguments, std::vector<std::vector<double>>& times) {
  using Clock = std::chrono::steady_clock;
  times.resize(program_.steps.size());
  for (auto& t : times) t.push_back(0);
  point_at(arguments);
  each_step([&](size_t i) {
    const auto start = Clock::now();
    run_step(program_.steps[i]);
    times[i].back() += std::chrono::duration<double>(Clock::now() - start).count();
  });
  finish();
}

void Replay::finish() {
  for (const int b : lasting_) ++program_.buffers[size_t(b)].storage->version;
  for (const auto& [leaf, gradient] : program_.gradients)
    if (leaf.impl().grad != gradient.ptr()) leaf.set_grad(gradient);
  give_results();
}

/// Results are copies, in the tensors of the last replay where nobody holds those any more.
void Replay::give_results() {
  for (size_t i = 0; i < results_.size(); ++i) {
    const Tensor& from = program_.results[i];
    Tensor& to = results_[i];
    if (!from.defined()) continue;
    const bool free =
        to.ptr() != from.ptr() && to.ptr().use_count() == 1 && to.impl().storage.use_count() == 1;
    if (!free) to = Tensor::empty(from.shape(), from.dtype(), from.device(), from.layout());
    if (few_bytes_[i] > 0) std::memcpy(to.raw(), from.raw(), few_bytes_[i]);
    else convert_elements(view_of(from), view_of(to));
  }
}

}  // namespace fovea::plan

// Chains of elementwise ops tile by tile: what passes from one to the next stays in the nearest cache. Each
// op is evaluated by the loop of its own kernel, so results have the same bits as without the chain.
#include <algorithm>
#include <array>

#include "backend/cpu/simd.h"
#include "fovea/kernel.h"
#include "op/chain.h"
#include "op/pointwise_run.h"
#include "tensor/walk.h"

namespace fovea {
namespace {

constexpr int64_t tile = 512;  // elements
static_assert(Walk::grain % tile == 0);

/// How an input passes through the tiles.
struct Source {
  enum class Kind : uint8_t {
    dense,   // as the results lie
    single,  // one value
    spread,  // any other strides: written out for each tile
  } kind;
  Walk walk;  // beside the result

  Source(const View& x, const View& y, bool may_be_single) : walk(y.shape, {&x, &y}) {
    const bool flat = walk.shape.size() <= 1;
    const int64_t stride = walk.inner_stride(0);
    kind = flat && stride == 1                                        ? Kind::dense
           : flat && may_be_single && (stride == 0 || x.numel() == 1) ? Kind::single
                                                                      : Kind::spread;
  }
};

/// A link with its loop; values are numbered: inputs, then links.
struct Stage {
  PointwiseLoop loop;
  int args, values[Chain::most_args + 1];
  int64_t strides[Chain::most_args + 1];
  double attrs[Chain::most_attrs];
};

/// Which parts of scratch hold the values that are neither inputs in memory nor results.
struct Slots {
  std::array<int, Chain::most_inputs + Chain::most_links> of;
  int count = 0;
};

template <class T>
class PointwiseChain final : public Bound {
 public:
  explicit PointwiseChain(const Call& c)
      : chain_(Chain::parse(c.s("chain"), c.inputs())), inputs_(c.inputs()) {
    View y = c.out();
    count_ = y.numel();
    for (int k = 0; k < inputs_; ++k) sources_.emplace_back(c.in(k), y, may_be_single(k));
    for (size_t l = 0; l < chain_.links.size(); ++l) stages_.push_back(stage_of(int(l)));
    assign_slots();
  }

  void run(const Call& c) const override {
    if (count_ <= tile) return run_tile(c, 0, count_, reinterpret_cast<T*>(c.scratch));
    parallel_for(count_, Walk::grain, [&](int64_t begin, int64_t end) {
      T* scratch = reinterpret_cast<T*>(c.scratch) + thread_index() * slots_.count * tile;
      for (int64_t at = begin; at < end; at += tile) run_tile(c, at, std::min(tile, end - at), scratch);
    });
  }

  size_t scratch() const {
    const int64_t threads = count_ <= tile ? 1 : num_threads();
    return size_t(threads * slots_.count * std::min(count_, tile)) * sizeof(T);
  }

 private:
  int number(Chain::Value v) const { return v.made ? inputs_ + v.index : v.index; }

  /// Loops take a repeated value in place of one of two inputs.
  bool may_be_single(int k) const {
    for (const auto& link : chain_.links) {
      const auto uses = std::count(link.args.begin(), link.args.end(), Chain::Value{false, k});
      if (uses > 0 && (link.args.size() != 2 || uses == 2)) return false;
    }
    return true;
  }

  Stage stage_of(int l) const {
    const Chain::Link& link = chain_.links[size_t(l)];
    Stage s{.loop = loops_within(*link.op, dtype_of<T>())->avx2,
            .args = int(link.args.size()),
            .values = {},
            .strides = {},
            .attrs = {}};
    for (int a = 0; a < s.args; ++a) {
      const Chain::Value v = link.args[size_t(a)];
      s.values[a] = number(v);
      s.strides[a] = v.made || sources_[size_t(v.index)].kind != Source::Kind::single;
    }
    s.values[s.args] = inputs_ + l, s.strides[s.args] = 1;
    std::copy(link.attrs.begin(), link.attrs.end(), s.attrs);
    return s;
  }

  /// A value keeps its slot until its last reader is done, which may put its own there.
  void assign_slots() {
    slots_.of.fill(-1);
    std::vector<int> free;
    const auto take = [&](int value) {
      if (free.empty()) free.push_back(slots_.count++);
      slots_.of[size_t(value)] = free.back(), free.pop_back();
    };
    for (int k = 0; k < inputs_; ++k)
      if (sources_[size_t(k)].kind == Source::Kind::spread) take(k);
    for (int l = 0; l < int(chain_.links.size()); ++l) {
      for (int value = 0; value < inputs_ + l; ++value) {
        const Chain::Value v =
            value < inputs_ ? Chain::Value{false, value} : Chain::Value{true, value - inputs_};
        if (slots_.of[size_t(value)] >= 0 && chain_.last_reader(v) == l)
          free.push_back(slots_.of[size_t(value)]);
      }
      const bool result = std::find(chain_.results.begin(), chain_.results.end(), l) != chain_.results.end();
      if (!result) take(inputs_ + l);
    }
  }

  void run_tile(const Call& c, int64_t begin, int64_t n, T* scratch) const {
    std::array<T*, Chain::most_inputs + Chain::most_links> values;
    const int64_t step = std::min(count_, tile);
    for (int k = 0; k < inputs_; ++k) {
      T* x = c.in(k).ptr<T>();
      const Source& s = sources_[size_t(k)];
      if (s.kind == Source::Kind::dense) x += begin;
      if (s.kind == Source::Kind::spread) x = spread(s, x, begin, n, scratch + slots_.of[size_t(k)] * step);
      values[size_t(k)] = x;
    }
    for (size_t l = size_t(inputs_); l < size_t(inputs_) + stages_.size(); ++l)
      values[l] = slots_.of[l] < 0 ? nullptr : scratch + slots_.of[l] * step;  // results follow
    for (size_t r = 0; r < chain_.results.size(); ++r)
      values[size_t(inputs_ + chain_.results[r])] = c.out(int(r)).ptr<T>() + begin;
    for (const Stage& s : stages_) {
      void* p[Chain::most_args + 1];
      for (int a = 0; a <= s.args; ++a) p[a] = values[size_t(s.values[a])];
      s.loop(p, s.strides, n, s.attrs);
    }
  }

  static T* spread(const Source& s, const T* x, int64_t begin, int64_t n, T* to) {
    T* at = to;
    const int64_t stride = s.walk.inner_stride(0);
    s.walk.part(begin, begin + n, [&](const auto& offset, int64_t run) {
      const T* from = x + offset[0];
      if (stride == 1) std::copy_n(from, run, at);
      else if (stride == 0) std::fill_n(at, run, *from);
      else
        for (int64_t i = 0; i < run; ++i) at[i] = from[i * stride];
      at += run;
    });
    return to;
  }

  Chain chain_;
  int inputs_;
  int64_t count_;
  std::vector<Source> sources_;
  std::vector<Stage> stages_;
  Slots slots_;
};

template <class F>
auto with_type(const Call& c, F&& f) {
  return c.dtype() == f64 ? f(double{}) : f(float{});
}

const RegisterKernel chain_kernel(
    "pointwise_chain",
    {.name = "cpu:tiles",
     .rank = 10,
     .refuse = refuse_avx2,
     .scratch =
         [](const Call& c) {
           return with_type(c, [&]<class T>(T) { return PointwiseChain<T>(c).scratch(); });
         },
     .run = [](const Call& c) { with_type(c, [&]<class T>(T) { run_bound<PointwiseChain<T>>(c); }); },
     .inputs = Inputs::follow,
     .bind =
         [](const Call& c) { return with_type(c, [&]<class T>(T) { return bind<PointwiseChain<T>>(c); }); }});

}  // namespace
}  // namespace fovea

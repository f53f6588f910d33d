#include "fovea/reduce.h"

#include "base/parallel.h"
#include "op/pointwise_run.h"

namespace fovea {
namespace {

const Reduction::Loops& loops_for(const Call& c) {
  for (const auto& l : c.op().reduction->loops)
    if (l.in == c.in(0).dtype) return l;
  fail("[{}] does not compute in {}", c.op().name(), name_of(c.in(0).dtype));
}

std::array<bool, Dims::max_rank> reduced_axes(const Call& c) {
  std::array<bool, Dims::max_rank> reduced{};
  const Dims& dims = c.d("dims");
  if (dims.empty()) reduced.fill(true);
  for (int64_t d : dims) {
    const int axis = normal_axis(d, c.in(0).rank(), c.op().name().c_str());
    check(!reduced[size_t(axis)], "[{}] dim {} stands twice in {}", c.op().name(), d, dims);
    reduced[size_t(axis)] = true;
  }
  return reduced;
}

Specs reduced_shape(const Call& c) {
  const auto reduced = reduced_axes(c);
  Dims shape;
  for (int i = 0; i < c.in(0).rank(); ++i)
    if (!reduced[size_t(i)]) shape.push_back(c.in(0).size(i));
    else if (c.b("keepdim")) shape.push_back(1);
  return {{shape, c.in(0).dtype}};
}

/// A set of dimensions to walk: sizes and input strides, merged where they lie dense.
struct Axes {
  Dims shape, strides;
  void add(int64_t n, int64_t stride) {
    if (n == 1) return;
    if (!shape.empty() && strides[-1] == stride * n) shape[-1] *= n, strides[-1] = stride;
    else shape.push_back(n), strides.push_back(stride);
  }
  int64_t numel() const { return shape.numel(); }
  /// All but the last dimension.
  int64_t outer() const { return shape.empty() ? 1 : numel() / std::max<int64_t>(1, shape.back()); }
  int64_t last() const { return shape.empty() ? 1 : shape.back(); }
  int64_t last_stride() const { return shape.empty() ? 0 : strides.back(); }
  int64_t offset(int64_t index, int dims) const {
    int64_t at = 0;
    for (int i = dims - 1; i >= 0; --i) at += index % shape[i] * strides[i], index /= shape[i];
    return at;
  }
  int64_t offset_of_outer(int64_t index) const { return offset(index, shape.size() - 1); }
  int64_t offset_of(int64_t index) const { return offset(index, shape.size()); }
};

struct Pieces {
  int64_t count, size;  // of the outer dimension of what is reduced
};

struct Plan {
  Axes kept, reduced;
  const Reduction::Loops& loops;
  Reduction::Row row;
  Reduction::Column column;
  int64_t item, results, count;
  int64_t outer = reduced.outer();  // what is reduced: outer x last
  int64_t last = reduced.last();
  bool by_columns = kept.last() >= 8 && kept.last_stride() == 1 && reduced.last_stride() != 1;
  Pieces pieces = {};

  /// Bytes of one set of sums.
  int64_t bytes() const { return (results * loops.acc_size + 63) / 64 * 64; }
};

constexpr int64_t piece = 16384;  // elements per parallel piece: fixed, so results do not depend on threads

/// Each result is reduced on its own; long reductions are cut into pieces that are merged in order.
Pieces pieces_of_rows(const Plan& p) {
  const int64_t size = std::max<int64_t>(1, piece / std::max<int64_t>(1, p.last));
  const bool alone = p.kept.numel() >= 64 || p.outer <= size;
  return {alone ? 1 : (p.outer + size - 1) / size, alone ? p.outer : size};
}

void reduce_rows(const Plan& p, const char* x, char* acc, char* parts) {
  const int64_t n = p.results, rows = p.outer, length = p.last;
  const Pieces pieces = p.pieces;
  const int64_t size = p.loops.acc_size;
  auto reduce = [&](int64_t result, int64_t begin, int64_t end, char* out) {
    const char* base = x + p.kept.offset_of(result) * p.item;
    for (int64_t r = begin; r < end; ++r)
      p.row(base + p.reduced.offset_of_outer(r) * p.item, p.reduced.last_stride(), length, out);
  };
  if (pieces.count == 1) {
    parallel_for(n, std::max<int64_t>(1, piece / std::max<int64_t>(1, rows * length)),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t i = begin; i < end; ++i) reduce(i, 0, rows, acc + i * size);
                 });
    return;
  }
  p.loops.init(parts, n * pieces.count);
  parallel_for(n * pieces.count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      const int64_t first = k % pieces.count * pieces.size;
      reduce(k / pieces.count, first, std::min(rows, first + pieces.size), parts + k * size);
    }
  });
  for (int64_t k = 0; k < n * pieces.count; ++k)
    p.loops.merge(acc + k / pieces.count * size, parts + k * size, 1);
}

/// The kept dimension lies innermost: whole rows are accumulated side by side; many rows are cut into pieces
/// merged in order.
Pieces pieces_of_columns(const Plan& p) {
  const int64_t rows = p.last * p.kept.last(),
                size = std::max<int64_t>(1, piece / std::max<int64_t>(1, rows));
  return {std::min<int64_t>(16, (p.outer + size - 1) / size), size};
}

void reduce_columns(const Plan& p, const char* x, char* acc, char* parts) {
  const int64_t length = p.kept.last(), groups = p.kept.outer(), size = p.loops.acc_size,
                pieces = p.pieces.count;
  p.loops.init(parts, groups * pieces * length);
  parallel_for(groups * pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      const int64_t i = k % pieces;
      const char* base = x + p.kept.offset_of_outer(k / pieces) * p.item;
      for (int64_t r = p.outer * i / pieces; r < p.outer * (i + 1) / pieces; ++r)
        p.column(base + p.reduced.offset_of_outer(r) * p.item, p.reduced.last_stride(), p.last, length,
                 parts + k * length * size);
    }
  });
  for (int64_t k = 0; k < groups * pieces; ++k)
    p.loops.merge(acc + k / pieces * length * size, parts + k * length * size, length);
}

Plan plan_of(const Call& c, bool avx2) {
  const View& x = c.in(0);
  const auto& loops = loops_for(c);
  const auto reduced = reduced_axes(c);
  Axes kept, gone;
  Dims shape = x.shape, strides = x.strides;
  if (x.layout == Layout::blocked8) {  // (N, C/8, rest..., 8); the last dimension belongs to the channels
    shape[1] /= 8;
    shape.push_back(8);
    strides = shape.contiguous_strides();
  }
  for (int i = 0; i < shape.size(); ++i)
    (reduced[i < x.rank() ? size_t(i) : 1] ? gone : kept).add(shape[i], strides[i]);
  const int64_t results = c.out().numel();
  Plan p{.kept = kept,
         .reduced = gone,
         .loops = loops,
         .row = avx2 ? loops.row_avx2 : loops.row,
         .column = avx2 ? loops.column_avx2 : loops.column,
         .item = size_of(x.dtype),
         .results = results,
         .count = results ? x.numel() / results : 0};
  p.pieces = p.by_columns ? pieces_of_columns(p) : pieces_of_rows(p);
  return p;
}

template <bool avx2>
class BoundReduction final : public Bound {
 public:
  explicit BoundReduction(const Call& c) : plan_(plan_of(c, avx2)) {}
  void run(const Call& c) const override {
    const Plan& p = plan_;
    const char* x = c.in(0).ptr<char>();
    char *acc = c.scratch, *parts = acc + p.bytes();
    p.loops.init(acc, p.results);
    if (p.count > 0) p.by_columns ? reduce_columns(p, x, acc, parts) : reduce_rows(p, x, acc, parts);
    p.loops.finish(acc, p.count, c.out().data, p.results);
  }

 private:
  Plan plan_;
};

}  // namespace

void run_reduction_baseline(const Call& c) { run_bound<BoundReduction<false>>(c); }
void run_reduction_avx2(const Call& c) { run_bound<BoundReduction<true>>(c); }
std::unique_ptr<const Bound> bind_reduction_avx2(const Call& c) { return bind<BoundReduction<true>>(c); }

size_t reduction_scratch(const Call& c) {
  const Plan p = plan_of(c, false);
  return size_t(p.bytes() * (1 + p.pieces.count));
}

void reduction_layouts(const Call& c, std::vector<Layout>& in, std::vector<Layout>&) {
  if (c.in(0).layout != Layout::blocked8) return;
  const auto reduced = reduced_axes(c);
  bool ordered = true;
  for (int i = 2; i < c.in(0).rank(); ++i) ordered &= reduced[1] || reduced[size_t(i)];
  if (ordered) in[0] = Layout::blocked8;
}

Op detail::reduction_op(Op op, Reduction reduction) {
  op.dtypes = reduction.loops.size() > 2 ? DTypes::numbers : DTypes::floats;
  op.shape = reduced_shape;
  op.reduction = std::make_shared<Reduction>(std::move(reduction));
  return op;
}

}  // namespace fovea

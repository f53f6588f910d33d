// Joining and cutting along N or C without leaving the blocked layout: whole stretches of memory are copied.
#include <algorithm>
#include <cstring>

#include "base/parallel.h"
#include "fovea/kernel.h"

namespace fovea {
namespace {

int axis(const Call& c) { return normal_axis(c.i("dim"), c.in(0).rank(), c.op().name().c_str()); }

const char* refuse_join(const Call& c) {
  bool blocked = false;
  for (const View& x : c.ins) {
    if (x.rank() < 4 || x.size(1) % 8 != 0) return "wants (N,C,H,W) with C % 8 == 0 everywhere";
    blocked |= x.layout == Layout::blocked8;
  }
  if (axis(c) > 1) return "joins N or C only";
  return blocked && is_float(c.dtype()) ? nullptr : "no input is blocked";
}

const char* refuse_part(const Call& c) {
  if (c.in(0).layout != Layout::blocked8) return "x is not blocked";
  if (axis(c) > 1) return "cuts N or C only";
  const bool whole_blocks = axis(c) == 0 || (c.i("start") % 8 == 0 && c.i("length") % 8 == 0);
  return whole_blocks ? nullptr : "wants whole blocks of 8 channels";
}

void blocked(const Call&, std::vector<Layout>& in, std::vector<Layout>& out) {
  std::fill(in.begin(), in.end(), Layout::blocked8);
  std::fill(out.begin(), out.end(), Layout::blocked8);
}

/// Copies `bytes` per example, from and to stretches `from_step` and `to_step` apart.
void copy_stretches(const char* from, int64_t from_step, char* to, int64_t to_step, int64_t n,
                    int64_t bytes) {
  parallel_for(n, std::max<int64_t>(1, 65536 / std::max<int64_t>(1, bytes)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) std::memcpy(to + i * to_step, from + i * from_step, size_t(bytes));
  });
}

/// Bytes of one entry along the axis, and the number of stretches.
struct Stretch {
  explicit Stretch(const Call& c)
      : examples(axis(c) == 0 ? 1 : c.in(0).size(0)),
        entry(c.in(0).numel() / std::max<int64_t>(1, examples * c.in(0).size(axis(c))) *
              size_of(c.in(0).dtype)) {}
  int64_t examples, entry;
};

void join(const Call& c) {
  const Stretch s(c);
  const int64_t total = c.out().size(axis(c)) * s.entry;
  int64_t at = 0;
  for (const View& x : c.ins) {
    const int64_t bytes = x.size(axis(c)) * s.entry;
    copy_stretches(x.ptr<char>(), bytes, c.out().ptr<char>() + at, total, s.examples, bytes);
    at += bytes;
  }
}

void part(const Call& c) {
  const Stretch s(c);
  const int64_t bytes = c.i("length") * s.entry;
  copy_stretches(c.in(0).ptr<char>() + c.i("start") * s.entry, c.in(0).size(axis(c)) * s.entry,
                 c.out().ptr<char>(), bytes, s.examples, bytes);
}

Kernel kernel(const char* (*refuse)(const Call&), void (*run)(const Call&)) {
  return {.name = "cpu:blocked",
          .rank = 10,
          .refuse = refuse,
          .run = run,
          .inputs = Inputs::own,
          .layouts = blocked};
}
const RegisterKernel join_kernel("concat", kernel(refuse_join, join));
const RegisterKernel part_kernel("concat_part", kernel(refuse_part, part));

}  // namespace
}  // namespace fovea

// Where random ops start to read: a piece of the default generator's counters, a fresh one in every replay.
#pragma once
#include "fovea/op.h"
#include "fovea/random.h"
#include "tensor/recorder.h"

namespace fovea {

struct Counters {
  Attr seed, stream, offset;
};

inline Counters reserve_counters(int64_t n) {
  const auto draw = [n] {
    Generator& g = default_generator();
    return std::array{int64_t(g.seed()), int64_t(g.stream()), int64_t(g.reserve(uint64_t(n)))};
  };
  if (!recorder()) {
    const auto [seed, stream, offset] = draw();
    return {seed, stream, offset};
  }
  const auto at = std::make_shared<std::array<int64_t, 3>>();
  repeat([at, draw] { *at = draw(); });
  const auto live = [&](size_t i) { return Live<int64_t>{std::shared_ptr<const int64_t>(at, &(*at)[i])}; };
  return {live(0), live(1), live(2)};
}

}  // namespace fovea

// The search for look-alikes.
#include <algorithm>
#include <bit>
#include <cmath>

#include "base/parallel.h"
#include "data/inspect/fingerprint.h"

namespace fovea::data {
namespace {

constexpr int bands = 4, band_bits = 16;
constexpr int64_t queries = 256;                   // at a time in a thread
constexpr size_t sampled = 256, compared = 16384;  // pictures whose neighbours are sought among so many
constexpr double deviations = 6, least = 0.97, most = 0.998;

uint32_t band_of(uint64_t signs, int band) { return uint32_t(signs >> (band * band_bits)) & 0xFFFF; }

/// The looks by one band of their signs: those with bits b are members[first[b]] .. members[first[b + 1]].
struct Table {
  std::vector<uint32_t> first, members;

  Table(std::span<const Look> looks, int band) : first((1u << band_bits) + 1, 0), members(looks.size()) {
    for (const Look& look : looks) ++first[band_of(look.signs, band) + 1];
    for (size_t b = 1; b < first.size(); ++b) first[b] += first[b - 1];
    std::vector<uint32_t> next(first.begin(), first.end() - 1);
    for (size_t i = 0; i < looks.size(); ++i) members[next[band_of(looks[i].signs, band)]++] = uint32_t(i);
  }
};

/// The nearest so far, by correlation, the first of equals.
struct Nearest {
  int64_t index = -1;
  double correlation = 0;

  void offer(int64_t other, double how_near) {
    if (how_near > correlation || (how_near == correlation && other < index))
      index = other, correlation = how_near;
  }
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + int64_t(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

double correlation_of_twins(std::span<const Look> looks) {
  std::vector<const Look*> seen;
  for (const Look& look : looks)
    if (look.seen) seen.push_back(&look);
  if (seen.size() < 3) return most;
  std::vector<double> nearest(std::min(sampled, seen.size()), 0);
  const size_t step = (seen.size() + compared - 1) / compared;
  parallel_for(int64_t(nearest.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t q = begin; q < end; ++q) {
      const size_t i = size_t(q) * seen.size() / nearest.size();
      for (size_t j = 0; j < seen.size(); j += step)
        if (j != i) nearest[size_t(q)] = std::max(nearest[size_t(q)], correlation(*seen[i], *seen[j]));
    }
  });
  for (double& z : nearest) z = std::atanh(std::min(z, 0.999999));
  const double usual = median(nearest);
  for (double& z : nearest) z = std::abs(z - usual);
  return std::clamp(std::tanh(usual + deviations * 1.4826 * median(nearest)), least, most);
}

std::vector<Twins> find_twins(std::span<const Look> looks, std::span<const uint8_t> groups, int bits,
                              double least_correlation) {
  check(bits >= 0 && bits <= 7, "look-alikes differ in 0..7 bits, not {}", bits);
  check(looks.size() < UINT32_MAX, "{} pictures are too many to compare", looks.size());
  std::vector<Table> tables;
  for (int band = 0; band < bands; ++band) tables.emplace_back(looks, band);

  std::vector<Twins> twins(looks.size());
  const auto search = [&](int64_t i) {
    const Look& look = looks[size_t(i)];
    Nearest same, other;
    const auto visit = [&](const Table& table, uint32_t key) {
      for (uint32_t m = table.first[key]; m < table.first[key + 1]; ++m) {
        const uint32_t j = table.members[m];
        const bool mine = groups[j] == groups[size_t(i)];
        if ((mine && int64_t(j) >= i) || !looks[j].seen || std::popcount(look.signs ^ looks[j].signs) > bits)
          continue;
        const double how_near = correlation(look, looks[j]);
        if (how_near >= least_correlation) (mine ? same : other).offer(j, how_near);
      }
    };
    for (int band = 0; band < bands; ++band) {
      const uint32_t key = band_of(look.signs, band);
      visit(tables[size_t(band)], key);
      for (int bit = 0; bit < band_bits; ++bit) visit(tables[size_t(band)], key ^ (1u << bit));
    }
    twins[size_t(i)] = {same.index, other.index};
  };
  parallel_for(int64_t(looks.size()), queries, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      if (looks[size_t(i)].seen) search(i);
  });
  return twins;
}

}  // namespace fovea::data

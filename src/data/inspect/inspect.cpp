#include "fovea/inspect.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/parallel.h"
#include "data/inspect/findings.h"

namespace fovea::data {
namespace {

constexpr int64_t pieces = 512;  // in which the examples are added up, whatever the number of threads

/// The examples of a split, at most `limit` of them, evenly spread.
void add_places(std::vector<Place>& places, Split split, int64_t size, int64_t limit) {
  const int64_t wanted = limit > 0 ? std::min(limit, size) : size;
  for (int64_t k = 0; k < wanted; ++k) places.push_back({split, k * size / wanted});
}

/// Moments of the channels, by the number of channels, which may differ among files.
using Sums = std::map<size_t, std::vector<Moments>>;

void add(Sums& sums, const std::vector<Moments>& channels) {
  auto& all = sums[channels.size()];
  all.resize(channels.size());
  for (size_t c = 0; c < channels.size(); ++c) all[c].add(channels[c]);
}

std::vector<ChannelFacts> channels_of(const std::vector<Sums>& parts) {
  Sums sums;
  for (const Sums& part : parts)
    for (const auto& [count, channels] : part) add(sums, channels);
  sums.erase(0);
  const auto most = std::max_element(sums.begin(), sums.end(), [](const auto& a, const auto& b) {
    return a.second[0].count < b.second[0].count;
  });
  std::vector<ChannelFacts> out;
  if (most == sums.end()) return out;
  for (const Moments& m : most->second) out.push_back({m.low, m.high, m.mean(), m.std()});
  return out;
}

/// Tells how far many threads are.
class Progress {
 public:
  Progress(const std::function<void(int64_t, int64_t)>& tell, int64_t total) : tell_(tell), total_(total) {}
  void step() {
    if (!tell_) return;
    const std::lock_guard lock(mutex_);
    tell_(++done_, total_);
  }

 private:
  const std::function<void(int64_t, int64_t)>& tell_;
  std::mutex mutex_;
  int64_t done_ = 0, total_;
};

}  // namespace

Inspection inspect(const std::string& what, const InspectOptions& options) {
  check(options.near_bits >= -1 && options.near_bits <= 7,
        "look-alikes differ in 0..7 bits (-1: none), not {}", options.near_bits);
  const auto source = std::make_shared<const Collection>(what, options.seed);
  Inspection out;
  out.name = source->name(), out.classes = source->classes(), out.warnings = source->warnings();
  out.source = source;
  std::vector<Place> places;
  for (const Split split : {Split::train, Split::val}) {
    out.total[size_t(split)] = source->size(split);
    add_places(places, split, source->size(split), options.limit);
  }
  const auto n = int64_t(places.size()), grain = (n + pieces - 1) / pieces;
  out.examples.resize(size_t(n));
  std::vector<Look> looks(size_t(n), Look{});
  std::vector<Sums> sums(static_cast<size_t>(pieces));
  Progress progress(options.progress, n);
  parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Looked one = look_at(*source, places[size_t(i)]);
      add(sums[size_t(begin / grain)], one.channels);
      out.examples[size_t(i)] = std::move(one.facts), looks[size_t(i)] = one.look;
      progress.step();
    }
  });
  out.channels = channels_of(sums);
  add_findings(out, looks, options.near_bits);
  return out;
}

int64_t Inspection::readable() const {
  return std::count_if(examples.begin(), examples.end(), [](const Facts& f) { return f.error.empty(); });
}

std::vector<int64_t> Inspection::counts(Split split) const {
  std::vector<int64_t> out(classes.size(), 0);
  for (const Facts& f : examples)
    if (f.split == split && f.label >= 0 && f.label < int64_t(out.size())) ++out[size_t(f.label)];
  return out;
}

int64_t Inspection::count(Oddity kind) const {
  return std::count_if(findings.begin(), findings.end(), [&](const Finding& f) { return f.kind == kind; });
}

image::Image Inspection::picture(int64_t example) const {
  const Facts& f = examples.at(size_t(example));
  return source->picture({f.split, f.index});
}

}  // namespace fovea::data

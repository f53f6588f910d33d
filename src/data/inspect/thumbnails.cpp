#include "data/inspect/thumbnails.h"

#include <algorithm>

#include "base/parallel.h"

namespace fovea::data {

std::map<int64_t, image::Thumbnail> thumbnails(const Inspection& in, const std::set<int64_t>& examples,
                                               int64_t side) {
  const std::vector<int64_t> wanted(examples.begin(), examples.end());
  std::vector<image::Thumbnail> made(wanted.size());
  parallel_for(int64_t(wanted.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Facts& f = in.examples[size_t(wanted[size_t(i)])];
      if (!f.error.empty() || (f.format.empty() && f.height == 1)) continue;  // nothing to see
      try {
        made[size_t(i)] = image::thumbnail(in.picture(wanted[size_t(i)]), side);
      } catch (const Error&) {  // it was readable before: its file has changed
      }
    }
  });
  std::map<int64_t, image::Thumbnail> out;
  for (size_t i = 0; i < wanted.size(); ++i) out[wanted[i]] = std::move(made[i]);
  return out;
}

}  // namespace fovea::data

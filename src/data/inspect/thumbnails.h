// Small pictures as text that an HTML page holds itself.
#pragma once
#include <map>
#include <set>

#include "fovea/inspect.h"

namespace fovea::data {

struct Thumbnail {
  std::string uri;  // "data:image/jpeg;base64,..."; empty: unreadable
  int64_t width = 0, height = 0;
};
/// The pictures of these examples, at most `side` pixels wide and high, made by all threads.
std::map<int64_t, Thumbnail> thumbnails(const Inspection& inspection, const std::set<int64_t>& examples,
                                        int64_t side);

}  // namespace fovea::data

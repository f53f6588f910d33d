// Small pictures of examples.
#pragma once
#include <map>
#include <set>

#include "fovea/inspect.h"
#include "image/thumbnail.h"

namespace fovea::data {

/// The pictures of these examples, at most `side` pixels wide and high, made by all threads.
std::map<int64_t, image::Thumbnail> thumbnails(const Inspection& inspection,
                                               const std::set<int64_t>& examples, int64_t side);

}  // namespace fovea::data

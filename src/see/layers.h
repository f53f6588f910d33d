// Which layers of a network can be looked at.
#pragma once
#include "fovea/see.h"

namespace fovea::see {

/// (N,C,h,w) of more than one pixel.
inline bool is_map(const Dims& shape) { return shape.size() == 4 && shape[2] * shape[3] > 1; }
/// nn::visits() in eval mode, off the tape.
std::vector<nn::Visit> visits_of(const nn::Module& net, const Tensor& x);
/// "fc1 gives (1,84), no maps: conv1, pool1 ... do"
std::string no_maps(const nn::Module& net, const std::string& path, const Dims& shape, const Tensor& x);
/// "conv1, conv2", at most ten; "none" if there are none.
std::string listed(const std::vector<std::string>& paths);

}  // namespace fovea::see

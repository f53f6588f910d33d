// Masks as runs of pixels down the columns, outside first: the encoding of COCO (Lin et al. 2014).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fovea::data {

/// The runs in a compressed string of the COCO API, for `pixels` pixels. Throws unless they sum to that.
std::vector<uint32_t> runs_of_text(const std::string& text, int64_t pixels);

}  // namespace fovea::data

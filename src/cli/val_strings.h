// `fovea val` of networks that read strings; `e` holds its logits.
#pragma once
#include <string>

#include "fovea/train.h"

namespace fovea::cli {

/// How strings of each length were read, and the worst misreadings.
void print_strings(const train::Evaluation& e, const data::DataLoader& loader, bool json);
/// The pictures of the worst misreadings, at most `most`, as `file`.
void write_misreadings(const std::string& file, const train::Evaluation& e, const data::DataLoader& loader,
                       int64_t most);

}  // namespace fovea::cli

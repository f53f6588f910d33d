// `fovea val` of networks that segment.
#pragma once
#include "cli/setup.h"

namespace fovea::cli {

struct MaskValKeys {
  int64_t mistakes = 0;  // examples with the lowest IoU to draw
  std::string out;       // into this file
  bool json = false;
};
/// Prints IoU, recall and precision of the pixels of each class, their mean IoU and the part that is right.
int val_masks(const Trained& trained, data::DataLoader& loader, const MaskValKeys& keys);

}  // namespace fovea::cli

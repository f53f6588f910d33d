// The pictures of `fovea see`: a network, an example that it looks at, and one way of asking.
#pragma once
#include "cli/setup.h"
#include "fovea/see.h"

namespace fovea::cli {

/// A network and an example that it looks at.
struct Sight {
  nn::AnyModule net;
  train::ModelCard card;
  std::string name;         // of the example
  Tensor x = {}, rgb = {};  // the input (1,C,H,W); what it shows, u8 (H,W,3)
  Tensor label = {};        // what is explained, i64 (1)
  std::string answer = {};  // what the network says of it: "7 98.2%"
};
/// Example `index` of `loader`, whose batches are of one, and the class called or numbered `label`; empty:
/// the one that the network names.
Sight look(const Trained& trained, data::DataLoader& loader, int64_t index, const std::string& label);

struct SeeOptions {
  std::string layer = {};  // empty: a fitting one
  int64_t unit = -1;       // of a dream; -1: the first 16
  int64_t window = 0;      // of occlusion; 0: a seventh of the shorter side
  int steps = 0;           // of integrated gradients and dreams; 0: 50, 256
  int64_t most = 64;       // filters, maps
  uint64_t seed = 0;
};

struct Seen {
  Tensor picture;       // u8 RGB (H,W,3)
  std::string caption;  // "filters of conv1"
};
/// filters, maps, saliency, ig, gradcam, occlusion, dream
const std::vector<std::string>& ways_of_seeing();
/// Throws, naming what there is, if the network cannot be seen so.
Seen see_as(const std::string& way, const Sight& sight, const SeeOptions& options);
/// Whether the picture explains the example, and so belongs beside it.
bool explains(const std::string& way);

}  // namespace fovea::cli

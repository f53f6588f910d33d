// Trained weights as files: safetensors with the names of state_dict() and a card that says what the network
// is for.
//   const train::Checkpoint c = train::load_checkpoint("runs/train/1");   // or a .safetensors file
//   net.load_state_dict(c.weights);   c.card.classes[3];
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fovea/data.h"
#include "fovea/safetensors.h"

namespace fovea::train {

/// What a network was trained for and how it wants its input: enough to build and feed it again.
struct ModelCard {
  std::string model, data;  // "lenet5", "mnist"
  Dims input;               // of one example: (C,H,W) or (features)
  std::string transforms;   // what turns a picture of any size into `input` (data::parse_transforms)
  std::string augment;      // the transforms it was trained with
  std::vector<std::string> classes;
  data::Normalization normalization;
  data::Task task = data::Task::classify;
  data::Normalization targets = {};  // of numbers: number = what the network gives * std + mean
  std::optional<data::PictureFormat> pictures = {};  // how its files were read, if it was trained on files

  Metadata to_metadata() const;
  /// Entries that are not there stay empty; throws naming `where` if one is malformed.
  static ModelCard from_metadata(const Metadata& metadata, const std::string& where);
};

struct Checkpoint {
  std::string file;
  ModelCard card;
  NamedTensors weights;
};

/// The weights in `path`: a .safetensors file, or a run folder (its best, else its last). Throws if there are
/// none.
Checkpoint load_checkpoint(const std::string& path);

}  // namespace fovea::train

// Trained weights as files: safetensors with the names of state_dict() and a card that says what the network
// is for.
//   const train::Checkpoint c = train::load_checkpoint("runs/train/1");   // or a .safetensors file, or
//   const train::Checkpoint c = train::load_checkpoint("lenet5@mnist");   // one that comes with fovea
//   net.load_state_dict(c.weights);   c.card.classes[3];
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fovea/data.h"
#include "fovea/safetensors.h"

namespace fovea::train {

/// How good a network is: `value` of the measure called `name`, over so many examples.
struct Figure {
  std::string name;  // "top1", "F1", "R2", "pseudo_likelihood"
  double value = 0;
  int64_t examples = 0;
};

/// Where weights come from: enough to make them again, and to check what is said of them.
struct Origin {
  std::vector<std::pair<std::string, std::string>> recipe;  // the keys of `fovea train`, the seed among them
  Figure figure;                                            // on the validation part of the data
  std::string train_data, val_data;                         // data::fingerprint of the two parts
};

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
  std::optional<Origin> origin = {};                 // of weights that `fovea pack` made fit to ship

  Metadata to_metadata() const;
  /// Entries that are not there stay empty; throws naming `where` if one is malformed.
  static ModelCard from_metadata(const Metadata& metadata, const std::string& where);
};

struct Checkpoint {
  std::string file;
  ModelCard card;
  NamedTensors weights;
};

/// The weights in `path`: a .safetensors file, a run folder (its best, else its last), or a model that comes
/// with fovea, by its name. Throws if there are none.
Checkpoint load_checkpoint(const std::string& path);

/// The models that come with fovea, NETWORK@DATA: the files that MD5SUMS lists in FOVEA_MODELS, models/ of
/// the current folder, above the program or in its installed share. Empty if there is no such folder.
std::vector<std::string> shipped_models();
/// Whether `name` has the form of such a name, and no file or folder is called so.
bool names_shipped_model(const std::string& name);
/// The file of such a model. Throws with the nearest name if there is none, and if the file is not the one
/// that was shipped: its MD5 sum differs.
std::string shipped_model_file(const std::string& name);

}  // namespace fovea::train

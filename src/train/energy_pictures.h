// The pictures of the run of an energy model.
#pragma once
#include <string>
#include <vector>

#include "train/energy_layers.h"
#include "train/example_pictures.h"

namespace fovea::train {

/// curves.png of rows of results.csv: reconstruction errors, pseudo-likelihoods and the gap of free energies
/// over epochs. Nothing without rows.
void draw_energy_curves(const std::string& folder, const std::vector<std::vector<double>>& rows,
                        const std::string& title);

/// What a model has learned, as pictures of the shape of its examples. Each is written to a file of its name.
class EnergyPictures {
 public:
  /// `card` says the shape and the normalization of examples. `layers` must outlive this.
  EnergyPictures(std::string folder, const EnergyLayers& layers, const ModelCard& card);
  const std::string& folder() const { return pictures_.folder(); }
  bool drawable() const { return pictures_.drawable(); }

  /// filters.png: the weights of the first 100 hidden units, black and white for the largest, gray for 0;
  /// filters2.png and so on of higher layers, seen through the weights of those below.
  void filters(int layer) const;
  /// reconstructions.png: rows of examples v, below each what the layers up to this one make of it.
  void reconstructions(int layer, const Tensor& v) const;
  /// samples.png: the visible means of 100 chains: those with hidden units `chains`, if there are any, else
  /// such that began at noise 1000 steps ago.
  void samples(int layer, const Tensor& chains) const;
  /// fantasies.png: each row is a chain that began at an example of v, after 0, 1, 2, 5, .. 1000 steps.
  void fantasies(int layer, const Tensor& v) const;

 private:
  Tensor seen(const Tensor& visible, int layer) const;

  ExamplePictures pictures_;
  const EnergyLayers& layers_;
};

}  // namespace fovea::train

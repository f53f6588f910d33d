// The pictures of the run of a generative network.
#pragma once
#include <string>

#include "fovea/generative.h"
#include "train/example_pictures.h"

namespace fovea::train {

/// What a model makes, as pictures of the shape of its examples. Each is written to a file of its name.
class GenerativePictures {
 public:
  /// `model` must outlive this.
  GenerativePictures(std::string folder, const generative::Model& model, const ModelCard& card)
      : pictures_(std::move(folder), card), model_(model) {}
  const std::string& folder() const { return pictures_.folder(); }

  /// Those that the model has, of examples and of these as the model sees them (with noise or the same).
  /// Nothing unless examples are images.
  void draw(const Tensor& examples, const Tensor& input) const;
  /// (N,C,H,W) in [0, 1]: what the model makes of `count` draws of its prior.
  Tensor samples(int64_t count) const { return made(model_.draw(count)); }
  /// Rows of examples, of `input` if it is not the same, and of reconstructions.
  std::vector<Tensor> reconstructions(const Tensor& examples, const Tensor& input) const;

 private:
  Tensor made(const Tensor& z) const { return pictures_.pixels(model_.decode(z)); }
  Tensor walk(const Tensor& examples) const;
  Tensor plane() const;

  ExamplePictures pictures_;
  const generative::Model& model_;
};

}  // namespace fovea::train

// Pictures of the shape of the examples of a data set, as sheets in a run folder.
#pragma once
#include <string>

#include "fovea/checkpoint.h"
#include "fovea/image.h"

namespace fovea::train {

class ExamplePictures {
 public:
  /// `card` says the shape and the normalization of examples.
  ExamplePictures(std::string folder, const ModelCard& card)
      : folder_(std::move(folder)), input_(card.input), normalization_(card.normalization) {}

  const std::string& folder() const { return folder_; }
  /// Whether examples are images.
  bool drawable() const { return input_.size() == 3; }

  /// Examples (N, ...) as the model sees them, as numbers of pixels (N,C,H,W).
  Tensor pixels(const Tensor& examples) const;
  /// (N,C,H,W) side by side in `columns` columns: 0 is black, 1 white.
  static image::Image sheet(const Tensor& pixels, int64_t columns);
  void write(const std::string& name, const Tensor& pixels, int64_t columns) const;
  /// Rows of up to 10 of the first of `sheets`, below each those of the others.
  static image::Image below(const std::vector<Tensor>& sheets);
  void write_below(const std::string& name, const std::vector<Tensor>& sheets) const;
  /// Weights (units, ...) of the size of an example, or of filters (units,C,h,w): gray is 0.
  void write_weights(const std::string& name, const Tensor& weights) const;

 private:
  std::string folder_;
  Dims input_;
  data::Normalization normalization_;
};

/// (N, ...) with at most `count` examples.
Tensor first(const Tensor& x, int64_t count);

constexpr int64_t pictures_across = 10, most_pictures = 100;

}  // namespace fovea::train

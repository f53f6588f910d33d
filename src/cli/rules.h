// Rules made by hand (fovea/features.h) as features of the pictures of a data set, and as pictures of what
// they see.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "fovea/data.h"

namespace fovea::cli {

/// An example as a picture, u8 (H,W,1) or (H,W,3).
Tensor picture_of(const data::Dataset& set, int64_t index);

class Rules {
 public:
  /// Learns the templates, the mean picture of each class, from `train`. `cell`: side of a cell of HOG in
  /// pixels; 0: an eighth of the shorter side, 4 at least. Throws if `train` has no pictures, no classes, or
  /// pictures too small for a block of cells.
  Rules(const data::Dataset& train, int64_t cell);

  /// edges, hog, templates
  static const std::vector<std::string>& names();
  /// What is counted, in words.
  std::string describe(const std::string& rule) const;
  /// The numbers of every example, with its class.
  std::shared_ptr<data::Dataset> features(const std::string& rule, const data::Dataset& set) const;

  /// What the rule sees of a picture: u8 RGB (h,w,3). "lines" are those of the Hough transform.
  Tensor sees(const std::string& rule, const Tensor& picture) const;

 private:
  void learn_templates(const data::Dataset& train);
  Tensor numbers(const std::string& rule, const Tensor& picture) const;
  /// The place and score of the best match with each template.
  struct Match {
    int64_t top, left;
    float score;
  };
  std::vector<Match> matches(const Tensor& gray) const;

  int64_t cell_;
  Tensor templates_;  // u8 (classes,h,w)
};

}  // namespace fovea::cli

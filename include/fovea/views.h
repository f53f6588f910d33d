// Test-time augmentation: a network sees several views of each picture, and the mean of its probabilities
// counts (Krizhevsky et al. 2012, section 4.1).
//   const nn::AnyModule seen = train::with_views(net, train::Views::ten_crop, {3, 224, 224});
//   loader.transforms = train::transforms_for(train::Views::ten_crop, loader.transforms, {3, 224, 224});
//   train::Trainer::predict(seen, images);
// Threads: as nn::Module.
#pragma once
#include <string>

#include "fovea/nn.h"
#include "fovea/transforms.h"

namespace fovea::train {

/// - mirror: the picture and its mirror image
/// - flips: both, and both upside down: for pictures without an up, as from microscopes and satellites
/// - five_crop, ten_crop: four corners and the centre of a picture that is larger than the network's input;
///   with their mirror images
enum class Views : uint8_t { one, mirror, flips, five_crop, ten_crop };

/// "false", "true" (mirror), "flips", "five_crop" or "ten_crop"; throws if it is none of them.
Views views_named(const std::string& name);

/// `net` for inputs of shape `input` (C,H,W), asked about all views: from images (N,C,H,W), or larger ones
/// for crops, to the logarithm of the mean probability (N,classes), which is as good as logits. The network
/// is shared.
nn::AnyModule with_views(const nn::AnyModule& net, Views views, const Dims& input);

/// What makes the pictures that with_views() wants of the transforms that make `input`: for crops those
/// without their last CenterCrop or, if there is none, a Cover of 8/7 of the size; else the same.
data::Compose transforms_for(Views views, const data::Compose& transforms, const Dims& input);

}  // namespace fovea::train

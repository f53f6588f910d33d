// The examples that trained networks are measured with and looked into.
#pragma once
#include "cli/setup.h"

namespace fovea::cli {

/// The validation part of `data` (empty: of the set of its training), read and split as in training. Throws
/// if it is for another task or other classes.
std::shared_ptr<data::Dataset> open_validation(const Trained& trained, const std::string& data);
/// The training part, read and split as it was in the training.
std::shared_ptr<data::Dataset> open_training(const Trained& trained, const std::string& data);
/// Its examples as the network wants them, or as the views of it do.
data::DataLoader validation_loader(const Trained& trained, std::shared_ptr<data::Dataset> set, int64_t batch,
                                   int workers, train::Views views = train::Views::one);

/// Whether its pictures have numbers in 0..1 before they are normalised, so that there are black and white.
bool has_black_and_white(const train::ModelCard& card);
/// What makes the input of the network of pictures of any size.
data::Compose transforms_of(const train::ModelCard& card);
/// Image files as examples, read as in training. Their class is unknown.
std::shared_ptr<data::Dataset> open_images(const std::vector<std::string>& files,
                                           const train::ModelCard& card);

}  // namespace fovea::cli

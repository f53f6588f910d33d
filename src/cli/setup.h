// What the commands that compute share: threads and device, data sets, networks from names and from files.
#pragma once
#include <memory>
#include <string>

#include "cli/command.h"
#include "fovea/checkpoint.h"
#include "fovea/loader.h"
#include "fovea/nn.h"
#include "fovea/views.h"

namespace fovea::cli {

struct ComputeKeys {
  std::string device = "cpu", dtype = "f32", precision = "high";
  int threads = 0;
  std::string workers = "auto";
  /// Of a loader.
  int worker_count() const;
};
void add_compute_keys(KeySet& app, ComputeKeys& keys);
/// Those of them that concern kernels alone: precision and threads.
void add_kernel_keys(KeySet& app, ComputeKeys& keys);
/// Sets the number of threads and the precision; throws if the device is not there.
Device use(const ComputeKeys& keys);

/// Gives `key` the value `text` unless the user gave one.
void set_default(KeySet& app, const std::string& key, const std::string& text);
bool given(const KeySet& app, const std::string& key);

/// How the files of a data set are read.
struct FileKeys {
  int64_t channels = 0;
  int depth = 0;
  std::string frames;
};
void add_file_keys(KeySet& app, FileKeys& keys);
/// The options they make; a split and a size are not among them.
data::OpenOptions open_options(const FileKeys& keys);

/// augment= of commands that use trained networks: test-time augmentation (fovea/views.h).
void add_views_key(KeySet& app, std::string& augment);

struct DataSplits {
  std::shared_ptr<data::Dataset> train, val;
  /// "MNIST  60,000 train / 10,000 test  28x28x1 u8  10 classes"
  std::string describe() const;
};
DataSplits open_splits(const std::string& what, const data::OpenOptions& options);

/// A network with trained weights and the card that says how to feed it.
struct Trained {
  train::Checkpoint checkpoint;
  nn::AnyModule net;
};
/// From a run folder or a .safetensors file. Throws if it does not say which network it holds, or holds
/// another.
Trained load_trained(const std::string& path, const ComputeKeys& keys);

/// Throws if it is an energy model or a generative network, which give no answers.
void check_knows_classes(const Trained& trained);

/// Throws, with what would be right, unless the network called `model` gives what the data's task wants:
/// strings or scores.
void check_gives(const std::string& model, const data::Dataset& set);

/// How files are read for a network with this card: as in its training.
data::OpenOptions open_options(const train::ModelCard& card);
/// Throws if several views are asked for and the network's answers are no probabilities of classes.
void check_views(train::Views views, const train::ModelCard& card);

/// A network by name or from a run, for commands that look at networks.
struct NetworkKeys {
  std::string model = {};
  int64_t classes = 0, imgsz = 0, channels = 0, batch = 1;
};
void add_network_keys(KeySet& app, NetworkKeys& keys);
struct Network {
  nn::AnyModule net;
  Dims input;  // with the batch
};
Network network_of(const NetworkKeys& keys);

/// "./fovea" where that script is at hand, else "fovea": for hints.
std::string program_name();

}  // namespace fovea::cli

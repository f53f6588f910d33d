// CIFAR-10 and CIFAR-100, binary version: per image its label byte(s), then 1024 red, green and blue bytes
// (Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html).
#include <algorithm>
#include <filesystem>
#include <numeric>

#include "base/file.h"
#include "base/text.h"
#include "fovea/data.h"

namespace fovea::data {
namespace {

constexpr int64_t pixels = 3 * 32 * 32;

struct Files {
  std::vector<std::string> names;
  int label_bytes;      // the last of them is the label
  int64_t usual_count;  // images per file as published
};

/// As He et al. 2015, section 4.2, but with mirrored instead of black borders.
Compose usual_augmentation() { return Compose(RandomCrop(32, 4, Padding::reflect), RandomHorizontalFlip()); }

/// How many images `path` holds, by its size.
int64_t images_in(const std::string& path, int64_t record) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  check(!error, "cannot read {}: {}", path, error.message());
  check(bytes > 0 && bytes % uint64_t(record) == 0,
        "cannot read {}: {} bytes are no whole number of {}-byte images; is it truncated?", path, bytes,
        record);
  return int64_t(bytes) / record;
}

/// Images of all files, in order, with the labels split off.
std::shared_ptr<Dataset> open_cifar(const std::string& folder, const Files& files, TensorDataset::Info info) {
  const int64_t record = files.label_bytes + pixels;
  std::vector<int64_t> counts;
  for (const auto& name : files.names) counts.push_back(images_in(folder + "/" + name, record));
  const Tensor examples =
      Tensor::empty({std::accumulate(counts.begin(), counts.end(), int64_t{0}), 3, 32, 32}, u8);
  uint8_t* to = examples.data<uint8_t>();
  std::vector<int64_t> labels;
  for (size_t f = 0; f < counts.size(); ++f) {
    const std::string path = folder + "/" + files.names[f];
    const Bytes bytes = read_file(path);
    check(int64_t(bytes.size()) == counts[f] * record, "{} changed while it was read", path);
    if (counts[f] != files.usual_count)
      info.warnings.push_back(fmt::format("{} holds {} images, not the usual {}", path, thousands(counts[f]),
                                          thousands(files.usual_count)));
    for (auto at = bytes.begin(); at != bytes.end(); at += record) {
      labels.push_back(at[files.label_bytes - 1]);
      check(labels.back() < int64_t(info.classes.size()),
            "cannot read {}: image {} has label {}; labels are 0..{}", path, (at - bytes.begin()) / record,
            labels.back(), info.classes.size() - 1);
      to = std::copy_n(at + files.label_bytes, pixels, to);
    }
  }
  return std::make_shared<TensorDataset>(examples, std::move(labels), std::move(info));
}

const std::vector<std::string> classes100 = {
    "apple",      "aquarium fish", "baby",         "bear",       "beaver",      "bed",         "bee",
    "beetle",     "bicycle",       "bottle",       "bowl",       "boy",         "bridge",      "bus",
    "butterfly",  "camel",         "can",          "castle",     "caterpillar", "cattle",      "chair",
    "chimpanzee", "clock",         "cloud",        "cockroach",  "couch",       "crab",        "crocodile",
    "cup",        "dinosaur",      "dolphin",      "elephant",   "flatfish",    "forest",      "fox",
    "girl",       "hamster",       "house",        "kangaroo",   "keyboard",    "lamp",        "lawn mower",
    "leopard",    "lion",          "lizard",       "lobster",    "man",         "maple tree",  "motorcycle",
    "mountain",   "mouse",         "mushroom",     "oak tree",   "orange",      "orchid",      "otter",
    "palm tree",  "pear",          "pickup truck", "pine tree",  "plain",       "plate",       "poppy",
    "porcupine",  "possum",        "rabbit",       "raccoon",    "ray",         "road",        "rocket",
    "rose",       "sea",           "seal",         "shark",      "shrew",       "skunk",       "skyscraper",
    "snail",      "snake",         "spider",       "squirrel",   "streetcar",   "sunflower",   "sweet pepper",
    "table",      "tank",          "telephone",    "television", "tiger",       "tractor",     "train",
    "trout",      "tulip",         "turtle",       "wardrobe",   "whale",       "willow tree", "wolf",
    "woman",      "worm"};

}  // namespace

std::shared_ptr<Dataset> open_cifar10(const std::string& folder, Split split) {
  Files files{{"test_batch.bin"}, 1, 10000};
  if (split == Split::train)
    files.names = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                   "data_batch_5.bin"};
  return open_cifar(
      folder, files,
      {.name = "CIFAR-10",
       .split = split,
       .classes = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
       .normalization =
           Normalization{{0.49139968f, 0.48215841f, 0.44653091f}, {0.24703223f, 0.24348513f, 0.26158784f}},
       .augment = usual_augmentation()});
}

std::shared_ptr<Dataset> open_cifar100(const std::string& folder, Split split) {
  const bool train = split == Split::train;
  return open_cifar(folder, {{train ? "train.bin" : "test.bin"}, 2, train ? 50000 : 10000},
                    {.name = "CIFAR-100",
                     .split = split,
                     .classes = classes100,
                     .normalization = Normalization{{0.50707516f, 0.48654887f, 0.44091784f},
                                                    {0.26733429f, 0.25643846f, 0.27615047f}},
                     .augment = usual_augmentation()});
}

}  // namespace fovea::data

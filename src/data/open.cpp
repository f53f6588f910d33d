// From what the user typed to a data set: names, folders and where to look for them.
#include <charconv>
#include <filesystem>

#include "base/file.h"
#include "base/shipped.h"
#include "data/class_folder.h"
#include "data/folder_errors.h"
#include "data/truth_table.h"
#include "fovea/annotations.h"

namespace fovea::data {
namespace {

namespace fs = std::filesystem;

struct FileKind {
  const char* name;
  std::vector<std::string> witnesses;  // one of these files tells that a folder holds this set
  std::vector<std::string> folders;    // what the folder is usually called
  std::shared_ptr<Dataset> (*open)(const std::string& folder, Split split);
};

const FileKind file_kinds[] = {
    {"mnist",
     {"t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz", "t10k-images.idx3-ubyte",
      "t10k-images.idx3-ubyte.gz"},
     {"mnist", "MNIST/raw"},
     open_mnist},
    {"fashion-mnist",
     {"t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz"},
     {"fashion-mnist", "FashionMNIST/raw"},
     open_fashion_mnist},
    {"cifar10", {"test_batch.bin"}, {"cifar10", "cifar-10-batches-bin"}, open_cifar10},
    {"cifar100", {"test.bin"}, {"cifar100", "cifar-100-binary"}, open_cifar100}};
const char* const synthetic_names[] = {"xor", "circles", "spiral", "blobs", "line"};

bool holds(const fs::path& folder, const FileKind& kind) {
  for (const auto& file : kind.witnesses)
    if (is_file(folder / file)) return true;
  return false;
}

std::string find_folder(const FileKind& kind) {
  std::string looked;
  for (const auto& base : shipped_folders("data", "FOVEA_DATA"))
    for (const auto& name : kind.folders) {
      if (holds(base / name, kind)) return (base / name).string();
      looked += "\n  " + (base / name).string();
    }
  fail(
      "data={} is not here: looked for {} in{}\nPut the files into one of these folders, give theirs as "
      "data={}:FOLDER, "
      "or set FOVEA_DATA to the folder above it; `fovea data get {}` fetches it.",
      kind.name, kind.witnesses[0], looked, kind.name, kind.name);
}

/// What stands after the colon of `what`.
int64_t number_in(const std::string& what, const std::string& text, const char* meaning) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  check(error == std::errc{} && end == text.data() + text.size(),
        "data={}: after the colon stands {}, not {}", what, meaning, text);
  return number;
}

int64_t count_of(const std::string& what, const std::string& text) {
  return number_in(what, text, "the number of points");
}

/// "5" as 5 and 5, "3-7" as 3 and 7.
std::pair<int64_t, int64_t> lengths_in(const std::string& what, const std::string& text) {
  const auto number = [&](const std::string& digits) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    check(error == std::errc{} && end == digits.data() + digits.size(),
          "data={}: after the colon stands how many digits a strip has, as in digits:5 or digits:3-7", what);
    return value;
  };
  const size_t dash = text.find('-');
  return {number(text.substr(0, dash)), number(text.substr(dash == text.npos ? 0 : dash + 1))};
}

/// Lets the network see squares of `imgsz`.
std::shared_ptr<Dataset> resized(std::shared_ptr<Dataset> set, int64_t imgsz) {
  check(imgsz >= 0, "imgsz={} is no size", imgsz);
  if (imgsz == 0 || set->example_shape() == Dims{set->example_shape()[0], imgsz, imgsz}) return set;
  const auto resize = std::make_shared<const Resize>(Size(imgsz, imgsz));
  Compose prepare = set->transforms(false), augment = set->transforms(true);
  prepare.push_back(resize), augment.push_back(resize);
  set->set_transforms(prepare, augment);
  return set;
}

/// "shapes:SIDE"
std::shared_ptr<Dataset> open_shapes(const std::string& what, const std::string& side, Split split,
                                     const OpenOptions& options) {
  constexpr int64_t usual_side = 64;
  return resized(make_shapes(side.empty() ? usual_side : number_in(what, side, "the side of the pictures"),
                             split, options.seed),
                 options.imgsz);
}

/// A folder of images, of videos, or of the files of a known set.
std::shared_ptr<Dataset> open_folder(const std::string& folder, Split split, const OpenOptions& options) {
  const FileKind* found = nullptr;
  for (const auto& kind : file_kinds) {
    if (!holds(folder, kind)) continue;
    check(!found, "folder {} may hold {} or {}; say which: data={}:{}", folder, found ? found->name : "",
          kind.name, kind.name, folder);
    found = &kind;
  }
  if (found) return resized(found->open(folder, split), options.imgsz);
  return holds_videos(folder) ? open_video_folder(folder, split, options)
                              : open_image_folder(folder, split, options);
}

std::shared_ptr<Dataset> open_named(const std::string& what, Split split, const OpenOptions& options) {
  const size_t colon = what.find(':');
  const std::string name = what.substr(0, colon), rest = colon == what.npos ? "" : what.substr(colon + 1);
  for (const auto& kind : file_kinds)
    if (name == kind.name)
      return resized(kind.open(rest.empty() ? find_folder(kind) : rest, split), options.imgsz);
  if (name == "shapes") return open_shapes(what, rest, split, options);
  if (name == "truth") return make_truth_table(rest, split);
  const int64_t usual = split == Split::train ? 1000 : 200;
  for (const std::string& conversion : conversion_names())
    if (name == conversion)
      return make_conversion(name, rest.empty() ? usual : count_of(what, rest), split, options.seed);
  for (const char* synthetic : synthetic_names)
    if (name == synthetic)
      return make_synthetic(name, rest.empty() ? usual : count_of(what, rest), split, options.seed);
  if (name == "digits") {
    const auto [shortest, longest] = lengths_in(what, rest);
    return make_digit_strings(shortest, longest, split, options.seed);
  }
  if (is_annotated(what)) return open_mask_folder(what, split, options);
  if (is_webdataset(what)) return open_webdataset(what, split, options);
  if (is_folder(what)) return open_folder(what, split, options);
  if (what.ends_with(".csv") || what.ends_with(".tsv")) return open_list(what, split, options);
  if (what.ends_with(".txt")) return open_video_list(what, split, options);
  std::string known;
  for (const auto& n : dataset_names()) known += (known.empty() ? "" : " ") + n;
  const std::string near = nearest(name, dataset_names());
  fail("data={} is no data set that is known ({}) and no folder.{}", what, known,
       near.empty() ? "" : fmt::format(" Did you mean {}?", near));
}

}  // namespace

std::vector<std::string> dataset_names() {
  std::vector<std::string> names;
  for (const auto& kind : file_kinds) names.push_back(kind.name);
  for (const std::string& conversion : conversion_names()) names.push_back(conversion);
  names.emplace_back("digits");
  names.emplace_back("shapes");
  names.insert(names.end(), std::begin(synthetic_names), std::end(synthetic_names));
  return names;
}

std::shared_ptr<Dataset> open_dataset(const std::string& what, Split split, const OpenOptions& options) {
  return with_folder_errors([&] { return open_named(what, split, options); });
}

}  // namespace fovea::data

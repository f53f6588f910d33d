// Pictures with masks as examples that a network learns to segment.
#include "fovea/annotations.h"
#include "fovea/files.h"

namespace fovea::data {
namespace {

std::vector<FileExample> examples_of(const AnnotatedDataset& set) {
  std::vector<FileExample> all;
  for (int64_t i = 0; i < set.size(); ++i) all.push_back({.path = set.where(i)});
  return all;
}

class MaskFolder : public FileDataset {
 public:
  MaskFolder(std::shared_ptr<const AnnotatedDataset> set, const OpenOptions& options)
      : FileDataset({.name = set->name(),
                     .split = set->split(),
                     .classes = set->classes(),
                     .warnings = set->warnings(),
                     .task = Task::segment},
                    examples_of(*set), survey_files(set->all_files(), options), options),
        set_(std::move(set)) {
    const Dims seen = transforms(false).output_shape(example_shape());
    const Size size{seen[1], seen[2]};
    set_transforms(Compose(Resize(size)),
                   Compose(RandomResizedCrop(size, Range{0.5f, 1}), RandomHorizontalFlip()));
  }
  Tensor mask(int64_t index) const override { return set_->mask(index).to(u8); }

 private:
  std::shared_ptr<const AnnotatedDataset> set_;
};

}  // namespace

std::shared_ptr<Dataset> open_mask_folder(const std::string& what, Split split, const OpenOptions& options) {
  check(!options.task || *options.task == Task::segment, "{} holds masks to segment by, but task={}", what,
        name_of(*options.task));
  const std::shared_ptr<AnnotatedDataset> set = open_annotated(what, split, options.seed);
  check(!set->all_files().empty(),
        "{} is a set of {} without masks: a network learns to segment from a folder with images/ and masks/, "
        "or JPEGImages/ and SegmentationClass/ as masks:FOLDER",
        what, set->format());
  check(int64_t(set->classes().size()) <= ignored_class, "{} has {} classes, more than {} that fit into u8",
        what, set->classes().size(), ignored_class);
  return std::make_shared<MaskFolder>(set, options);
}

}  // namespace fovea::data

// A folder with one subfolder of files per class, as lists of files: what folders of images and of videos
// share.
#pragma once
#include <string>
#include <vector>

#include "fovea/files.h"

namespace fovea::data {

/// What the files are, and how they are found below a folder.
struct FileKindOfClass {
  const char* one;      // "image"
  const char* example;  // "cat/1.jpg"
  const char* page;     // of the docs
  std::vector<std::string> (*below)(const std::string& folder);
};

struct ClassFolder {
  FileDataset::Info info;
  std::vector<FileExample> examples;  // of the split
  std::vector<std::string> all;       // files of the training classes, whatever their split
};

/// Subfolders train/ and val/ (or valid/, test/) are the splits if they are there; otherwise options.val of
/// the files of each class are split off for validation, by options.seed. Throws if there is nothing to learn
/// or to validate with.
ClassFolder scan_classes(const std::string& folder, Split split, const OpenOptions& options,
                         const FileKindOfClass& kind);

/// A text file with a line "path class" for each video, as those of UCF-101 and Kinetics; paths are relative
/// to it. The splits are made as for a folder; lines that are wrong are warnings, and left out.
std::shared_ptr<Dataset> open_video_list(const std::string& path, Split split, const OpenOptions& options);

}  // namespace fovea::data

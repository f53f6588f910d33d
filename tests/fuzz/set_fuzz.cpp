// A libFuzzer target for one kind of file that describes a data set (FOVEA_FUZZ_KIND): what it is given
// stands where such a file does, beside a picture, and the set is opened and read; an Error is fine, anything
// else that goes wrong is a finding. Seeds: tests/fuzz/seeds.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string_view>

#include "data/tar.h"
#include "fovea/annotations.h"
#include "fovea/data.h"
#include "fovea/image.h"

using namespace fovea;

namespace {

namespace fs = std::filesystem;

struct Kind {
  const char *name, *file, *picture;
};
constexpr Kind kinds[]{{"coco", "annotations/instances_val.json", "val/a.png"},
                       {"voc", "Annotations/a.xml", "JPEGImages/a.png"},
                       {"yolo", "labels/a.txt", "images/a.png"},
                       {"yaml", "data.yaml", "images/a.png"},
                       {"csv", "list.csv", "a.png"},
                       {"tar", "set.tar", "a.png"}};

const Kind& kind() {
  for (const Kind& k : kinds)
    if (std::string_view(k.name) == FOVEA_FUZZ_KIND) return k;
  fail("no kind is called {}", FOVEA_FUZZ_KIND);
}

/// The folder of the set, with its picture; goes with the process.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / fmt::format("fovea.fuzz.{}.{}", kind().name, getpid())) {
    for (const char* file : {kind().file, kind().picture})
      fs::create_directories((path_ / file).parent_path());
    image::write((path_ / kind().picture).string(), image::Image(full({15, 20, 1}, 7, u8)));
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string operator/(const char* file) const { return (path_ / file).string(); }
  std::string str() const { return path_.string(); }

 private:
  fs::path path_;
};

void open_annotated(const std::string& what) {
  for (const auto split : {data::Split::train, data::Split::val}) {
    try {
      const auto set = data::open_annotated(what, split);
      data::summary(*set).str();
      for (int64_t i = 0; i < std::min<int64_t>(set->size(), 3); ++i) set->sample(i);
    } catch (const Error&) {
    }
  }
}

void open_list(const std::string& file) {
  const auto set = data::open_dataset(file, data::Split::train);
  for (int64_t i = 0; i < std::min<int64_t>(set->size(), 3); ++i) set->example(i);
}

void open_tar(const std::string& file) {
  for (const data::TarEntry& entry : data::tar_index(file))
    if (entry.size < 1 << 16) data::read_entry(file, entry);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Folder folder;
  const std::string file = folder / kind().file, name = kind().name;
  std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(data), std::streamsize(size));
  try {
    if (name == "csv") open_list(file);
    else if (name == "tar") open_tar(file);
    else if (name == "yaml") open_annotated("yolo:" + file);
    else open_annotated(name + ":" + folder.str());
  } catch (const Error&) {
  }
  return 0;
}

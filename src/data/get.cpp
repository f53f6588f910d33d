#include "fovea/get.h"

#include <cstdlib>
#include <filesystem>

#include "data/download.h"
#include "fovea/data.h"

namespace fovea::data {
namespace {

namespace fs = std::filesystem;

struct RemoteFile {
  const char *name, *md5;
};

struct Known {
  const char *name, *address;
  std::vector<RemoteFile> files;
  const char* folder;  // where they go; what a tar archive unpacks to
};

const Known known[] = {{"mnist",
                        "https://ossci-datasets.s3.amazonaws.com/mnist/",
                        {{"train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"},
                         {"train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"},
                         {"t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"},
                         {"t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"}},
                        "mnist"},
                       {"fashion-mnist",
                        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                        {{"train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"},
                         {"train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"},
                         {"t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"},
                         {"t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"}},
                        "fashion-mnist"},
                       {"cifar10",
                        "https://www.cs.toronto.edu/~kriz/",
                        {{"cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"}},
                        "cifar-10-batches-bin"},
                       {"cifar100",
                        "https://www.cs.toronto.edu/~kriz/",
                        {{"cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8"}},
                        "cifar-100-binary"},
                       {"imagenette",
                        "https://s3.amazonaws.com/fast-ai-imageclas/",
                        {{"imagenette2-160.tgz", "e793b78cc4c9e9a4ccc0c1155377a412"}},
                        "imagenette2-160"}};

const Known& known_named(const std::string& name) {
  for (const Known& k : known)
    if (name == k.name) return k;
  const std::vector<std::string> names = gettable_names();
  const std::string near = nearest(name, names);
  fail("{} is no data set with a known address: {}{}", name, fmt::join(names, ", "),
       near.empty() ? "" : "; did you mean " + near + "?");
}

std::string from_environment(const std::string& given, const char* variable, const std::string& otherwise) {
  const char* value = std::getenv(variable);
  return !given.empty() ? given : value && *value ? value : otherwise;
}

bool is_archive(const std::string& name) { return name.ends_with(".tar.gz") || name.ends_with(".tgz"); }

std::string get(const Known& set, const GetOptions& options) {
  const fs::path base = from_environment(options.folder, "FOVEA_DATA", "data");
  const fs::path folder = base / set.folder;
  std::string address = from_environment(options.mirror, "FOVEA_MIRROR", set.address);
  if (!address.ends_with('/')) address += '/';
  for (const RemoteFile& file : set.files) {
    const fs::path at = is_archive(file.name) ? base : folder;
    fs::create_directories(at);
    download(address + file.name, at / file.name, file.md5, options);
    if (is_archive(file.name)) unpack(at / file.name, base);
  }
  return folder.string();
}

}  // namespace

std::vector<std::string> gettable_names() {
  std::vector<std::string> names;
  for (const Known& k : known) names.emplace_back(k.name);
  return names;
}

std::vector<MissingPart> missing_parts() {
  std::vector<MissingPart> all;
  if (!FOVEA_HAVE_PUGIXML) all.push_back({"Pascal VOC", "libpugixml-dev"});
  if (!FOVEA_HAVE_YAML) all.push_back({"YOLO's data.yaml", "libyaml-cpp-dev"});
  if (!FOVEA_HAVE_CURL) all.push_back({"data get", "libcurl4-openssl-dev"});
  return all;
}

std::string get_dataset(const std::string& name, const GetOptions& options) {
  const Known& set = known_named(name);
  try {
    return get(set, options);
  } catch (const fs::filesystem_error& e) {
    fail("cannot write {}: {}", e.path1().string(), e.code().message());
  }
}

}  // namespace fovea::data

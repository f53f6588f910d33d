// What tests of files share: a folder that goes away, whole files, and the every-prefix test of hostile
// input.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "fovea/error.h"

namespace fovea::test {

/// An empty folder of this test, removed with its content at the end.
class TempFolder {
 public:
  TempFolder() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            fmt::format("fovea.{}.{}.{}", info->test_suite_name(), info->name(),
                        testing::UnitTest::GetInstance()->random_seed());
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string str() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// The numbers of a text file, line by line.
inline std::vector<std::vector<double>> numbers_of(const std::string& path) {
  std::vector<std::vector<double>> rows;
  std::ifstream table(path);
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::vector<double>& row = rows.emplace_back();
    for (double v = 0; fields >> v;) row.push_back(v);
  }
  return rows;
}

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void spill(const std::string& path, const std::string& content) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

/// The message of the Error that `work` throws; a test failure if it throws none.
inline std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& e) {
    return e.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return "";
}

/// Every proper prefix of the file at `path` must make `load(copy)` throw an Error.
inline void expect_every_prefix_throws(const std::string& path,
                                       const std::function<void(const std::string&)>& load) {
  const std::string whole = slurp(path);
  TempFolder folder;
  const std::string copy = folder / std::filesystem::path(path).filename().string();
  for (size_t n = 0; n < whole.size(); ++n) {
    spill(copy, whole.substr(0, n));
    EXPECT_THROW(load(copy), Error) << "the first " << n << " of " << whole.size() << " bytes of " << path;
  }
}

}  // namespace fovea::test

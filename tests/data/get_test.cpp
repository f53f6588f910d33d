#include "fovea/get.h"

#include <zlib.h>

#include "../files.h"
#include "data/download.h"
#include "data/fetch.h"
#include "data/md5.h"
#include "tar_member.h"

namespace fovea::data {
namespace {

using test::error_of;
using test::slurp;
using test::spill;
using test::TempFolder;

/// The examples of RFC 1321, appendix A.5.
TEST(Md5, IsThatOfTheRfc) {
  const auto sum = [](const std::string& text) {
    Md5 md5;
    for (const char c : text) md5.add({reinterpret_cast<const uint8_t*>(&c), 1});
    return md5.hex();
  };
  EXPECT_EQ(sum(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(sum("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(sum("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
            "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Get, WrongSumsAreDeletedAndNamed) {
  TempFolder root;
  spill(root / "mirror/train-images-idx3-ubyte.gz", "damaged");
  const GetOptions options{.folder = root / "data", .mirror = "file://" + root.str() + "/mirror"};
  const std::string message = error_of([&] { get_dataset("mnist", options); });
  EXPECT_NE(message.find("train-images-idx3-ubyte.gz has the MD5 sum"), std::string::npos) << message;
  EXPECT_FALSE(std::filesystem::exists(root / "data/mnist/train-images-idx3-ubyte.gz.part"));
  EXPECT_NE(error_of([&] { get_dataset("minst", options); }).find("did you mean mnist?"), std::string::npos);
  std::filesystem::remove(root / "mirror/train-images-idx3-ubyte.gz");
  EXPECT_NE(error_of([&] { get_dataset("mnist", options); }).find("there is no such file"),
            std::string::npos);
}

/// What is there of a .part is not fetched again; more than there is begins anew.
TEST(Get, FetchContinues) {
  TempFolder root;
  spill(root / "a", "0123456789");
  for (const auto& [from, rest] : {std::pair{0, "0123456789"}, {4, "456789"}, {10, ""}, {11, "0123456789"}}) {
    std::string got;
    int64_t begun = -1, total = 0;
    fetch({.url = "file://" + (root / "a"),
           .from = from,
           .begin = [&](int64_t at) { begun = at; },
           .write = [&](std::string_view bytes) { got += bytes; },
           .announce = [&](int64_t all) { total = all; }});
    EXPECT_EQ(got, rest);
    EXPECT_EQ(begun, from <= 10 ? from : 0);
    EXPECT_EQ(total, 10);
  }
}

/// A .part is completed, checked, renamed and unpacked; a second call leaves it alone.
TEST(Get, DownloadsAndUnpacks) {
  TempFolder root;
  const std::string tar = test::tar_member("set/a.txt", "one") + test::tar_member("set/b/c.txt", "two");
  const gzFile gz = gzopen((root / "set.tgz").c_str(), "wb");
  gzwrite(gz, tar.data(), unsigned(tar.size()));
  gzclose(gz);
  const std::string sum = md5_of_file(root / "set.tgz"), url = "file://" + (root / "set.tgz");
  spill(root / "data/set.tgz.part", slurp(root / "set.tgz").substr(0, 20));
  int64_t first = -1;
  const GetOptions options{.progress = [&](const std::string&, int64_t done, int64_t) {
    if (first < 0) first = done;
  }};
  download(url, root / "data/set.tgz", sum, options);
  EXPECT_EQ(first, 20);
  EXPECT_EQ(slurp(root / "data/set.tgz"), slurp(root / "set.tgz"));
  EXPECT_FALSE(std::filesystem::exists(root / "data/set.tgz.part"));
  unpack(root / "data/set.tgz", root / "data");
  EXPECT_EQ(slurp(root / "data/set/b/c.txt"), "two");
  std::filesystem::remove(root / "set.tgz");
  download(url, root / "data/set.tgz", sum, {});

  const std::string bad = test::tar_member("../outside.txt", "x");
  spill(root / "bad.tgz", bad);
  EXPECT_NE(error_of([&] { unpack(root / "bad.tgz", root / "data"); }).find("leave the folder"),
            std::string::npos);
}

TEST(Get, UnknownSchemesGoThroughLibcurl) {
  TempFolder root;
  const std::string message =
      error_of([&] { get_dataset("mnist", {.folder = root / "data", .mirror = "gopher://nowhere"}); });
  EXPECT_TRUE(message.find("cannot fetch gopher://nowhere/") != message.npos ||
              message.find("libcurl4-openssl-dev") != message.npos)
      << message;
}

}  // namespace
}  // namespace fovea::data

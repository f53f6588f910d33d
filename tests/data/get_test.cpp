#include "fovea/get.h"

#include "../files.h"
#include "data/fetch.h"
#include "data/md5.h"

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

/// The MNIST that the repository ships has other gzip streams than the published ones, so a whole fetch is
/// not possible here; what is right and there is taken as it is.
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

#include "fovea/safetensors.h"

#include "../files.h"

namespace fovea {
namespace {

using test::error_of;
using test::TempFolder;
const std::string folder = FOVEA_SOURCE_DIR "/tests/tensor/data/safetensors/";

std::map<std::string, Tensor> by_name(const std::string& path) {
  const NamedTensors list = load_safetensors(path);
  return {list.begin(), list.end()};
}

TEST(Safetensors, ReadsWhatThePythonPackageWrote) {
  auto t = by_name(folder + "ok_python.safetensors");
  ASSERT_EQ(t.size(), 5u);
  EXPECT_EQ(t["conv.weight"].shape(), (Dims{2, 3, 3, 3}));
  EXPECT_EQ(t["conv.weight"].at<float>({1, 2, 2, 2}), 53.f / 8);
  EXPECT_EQ(t["conv.bias"].to_vector<float>(), (std::vector<float>{-1.5f, 2}));
  EXPECT_EQ(t["steps"].describe(), "i64 ()");
  EXPECT_EQ(t["steps"].item(), 7);
  EXPECT_EQ(t["mask"].to_vector<uint8_t>(), (std::vector<uint8_t>{1, 0}));
  EXPECT_EQ(t["half"].to_vector<float>(), (std::vector<float>{0.5f, -2}));
  EXPECT_EQ(safetensors_metadata(folder + "ok_python.safetensors"),
            (Metadata{{"epoch", "3"}, {"note", "größer"}}));
}

TEST(Safetensors, ReadsTheFormatsCornerCases) {
  const NamedTensors two = load_safetensors(folder + "ok_two_tensors_metadata.safetensors");
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].first, "b");  // the header's order, not that of the data
  EXPECT_EQ(two[0].second.to_vector<int64_t>(), (std::vector<int64_t>{-1, int64_t{1} << 62}));
  EXPECT_EQ(two[1].second.to_vector<float>(), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(safetensors_metadata(folder + "ok_two_tensors_metadata.safetensors"), (Metadata{{"k", "v"}}));
  EXPECT_EQ(by_name(folder + "ok_empty_tensor.safetensors")["e"].shape(), (Dims{0, 4}));
  EXPECT_EQ(by_name(folder + "ok_unpadded_header.safetensors")["a"].to_vector<float>(),
            two[1].second.to_vector<float>());
  auto small = by_name(folder + "ok_bf16_f16_bool_u8.safetensors");
  EXPECT_EQ(small["h"].to_vector<float>(), (std::vector<float>{1, -2}));
  EXPECT_EQ(small["g"].to_vector<float>(), (std::vector<float>{1, -2}));
  EXPECT_EQ(small["t"].to_vector<uint8_t>(), (std::vector<uint8_t>{1, 0, 1}));
  EXPECT_EQ(small["u"].to_vector<uint8_t>(), (std::vector<uint8_t>{0, 1, 2, 3, 4}));
}

TEST(Safetensors, KeepsNamesOrderTypesAndBits) {
  TempFolder out;
  NamedTensors all;
  for (const DType dtype : {u8, f32, boolean, f16, i64, bf16, f64, i16, u16, i32})
    all.emplace_back(fmt::format("\"t\" {} ü", name_of(dtype)), arange(0, 3).to(dtype));
  all.emplace_back("scalar", scalar(0.1));
  all.emplace_back("nothing", zeros({0, 2}));
  all.emplace_back("turned", arange(0, 6).reshape({2, 3}).permute({1, 0}));
  save_safetensors(out / "all.safetensors", all, {{"note", "line\n\"two\""}});
  const NamedTensors back = load_safetensors(out / "all.safetensors");
  ASSERT_EQ(back.size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(back[i].first, all[i].first);
    EXPECT_TRUE(same_bits(back[i].second, all[i].second)) << all[i].first;
  }
  EXPECT_EQ(safetensors_metadata(out / "all.safetensors"), (Metadata{{"note", "line\n\"two\""}}));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(out.str()), {}),
            1);  // no temporary file is left
}

TEST(Safetensors, WritesAlignedDataAndPlainJson) {
  TempFolder out;
  save_safetensors(out / "t", {{"b", tensor({1, 2, 3}, {}, u8)}, {"a", tensor({4}, {}, f64)}}, {{"k", "v"}});
  const std::string file = test::slurp(out / "t");
  const std::string header =
      R"({"__metadata__":{"k":"v"},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]},)"
      R"("a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})";
  EXPECT_EQ(uint8_t(file[0]) % 8, 0);
  EXPECT_EQ(file.substr(8, header.size()), header);
  EXPECT_EQ(file.substr(file.size() - 3), "\1\2\3");
  save_safetensors(out / "empty", {});
  EXPECT_TRUE(load_safetensors(out / "empty").empty());
}

TEST(Safetensors, RefusesDamagedFiles) {
  const std::pair<const char*, const char*> cases[] = {
      {"duplicate_key", "a stands twice"}, {"gap", "starts at byte 16"},
      {"header_len_huge", "claims"},       {"negative_shape", "-6 is no valid"},
      {"not_json", "no valid JSON"},       {"offsets_past_end", "24 follow"},
      {"overlap", "starts at byte 8"},     {"shape_overflow", "no valid size"},
      {"size_mismatch", "does not fill"},  {"trailing_bytes", "28 follow the header"}};
  for (const auto& [name, reason] : cases) {
    const std::string path = fmt::format("{}bad_{}.safetensors", folder, name);
    const std::string message = error_of([&] { load_safetensors(path); });
    EXPECT_NE(message.find(reason), std::string::npos) << message;
    EXPECT_NE(message.find(path), std::string::npos) << message;
    EXPECT_THROW(safetensors_metadata(path), Error) << path;
  }
}

TEST(Safetensors, RefusesEveryPrefix) {
  for (const char* name : {"ok_python", "ok_two_tensors_metadata", "ok_bf16_f16_bool_u8"})
    test::expect_every_prefix_throws(fmt::format("{}{}.safetensors", folder, name), load_safetensors);
}

TEST(Safetensors, RefusesHostileHeaders) {
  TempFolder out;
  const auto refuses = [&](const std::string& header, const std::string& data = "") {
    std::string length(8, '\0');
    for (int i = 0; i < 3; ++i) length[size_t(i)] = char(header.size() >> (8 * i));
    test::spill(out / "h", length + header + data);
    EXPECT_THROW(load_safetensors(out / "h"), Error) << header.substr(0, 100);
  };
  refuses(std::string(100000, '['));
  refuses("[]");
  refuses("null");
  refuses(R"({"a":5})");
  refuses(R"({"__metadata__":{"a":5}})");
  refuses(R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0]}})");
  refuses(R"({"a":{"dtype":"F32","shape":[0],"shape":[0],"data_offsets":[0,0]}})");
  refuses(R"({"a":{"dtype":"F32","shape":[0,1,1,1,1,1,1,1,1],"data_offsets":[0,0]}})");
  refuses(R"({"a":{"dtype":"F32","shape":[0.0],"data_offsets":[0,0]}})");
  refuses(R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,0]}})");
  refuses(R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", "x");
  refuses(R"({"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", "x");
  refuses(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[4,0]}})");
  refuses("{\"\xff\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}");
}

TEST(Safetensors, RefusesNamesThatCannotBeRead) {
  TempFolder out;
  EXPECT_NE(error_of([&] {
              save_safetensors(out / "t", {{"a", zeros({1})}, {"a", zeros({1})}});
            }).find("twice"),
            std::string::npos);
  EXPECT_THROW(save_safetensors(out / "t", {{"__metadata__", zeros({1})}}), Error);
  EXPECT_THROW(save_safetensors(out / "t", {{"\xff", zeros({1})}}), Error);
  EXPECT_FALSE(std::filesystem::exists(out / "t"));
}

TEST(Safetensors, AFailedWriteKeepsTheOldFile) {
  TempFolder out;
  save_safetensors(out / "t", {{"a", ones({2})}});
  EXPECT_THROW(save_safetensors(out / "t", {{"a", zeros({1})}, {"b", Tensor()}}), Error);
  EXPECT_EQ(load_safetensors(out / "t")[0].second.to_vector<float>(), (std::vector<float>{1, 1}));
  EXPECT_THROW(save_safetensors(out / "no/folder", {{"a", ones({2})}}), Error);
}

}  // namespace
}  // namespace fovea

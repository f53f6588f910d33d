#include "fovea/npy.h"

#include "../files.h"

namespace fovea {
namespace {

using test::error_of;
using test::TempFolder;
const std::string folder = FOVEA_SOURCE_DIR "/tests/tensor/data/npy/";
const std::vector<double> counting{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

TEST(Npy, ReadsWhatNumpyWrote) {
  for (const char* name : {"ok_f4_c", "ok_f4_fortran", "ok_f4_bigendian", "ok_v2"}) {
    const Tensor t = load_npy(folder + name + ".npy");
    EXPECT_EQ(t.dtype(), f32) << name;
    EXPECT_EQ(t.shape(), (Dims{3, 4})) << name;
    EXPECT_EQ(t.to_vector<double>(), counting) << name;
  }
  const Tensor u = load_npy(folder + "ok_u2.npy");
  EXPECT_EQ(u.dtype(), u16);
  EXPECT_EQ(u.to_vector<double>(), counting);
  const Tensor b = load_npy(folder + "ok_bool.npy");
  EXPECT_EQ(b.dtype(), boolean);
  EXPECT_EQ(b.to_vector<double>(), (std::vector<double>{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}));
  const Tensor s = load_npy(folder + "ok_scalar.npy");
  EXPECT_EQ(s.describe(), "f64 ()");
  EXPECT_EQ(s.item(), 2.5);
}

TEST(Npy, WritesTheBytesThatNumpyWrites) {
  TempFolder out;
  for (const char* name : {"ok_f4_c.npy", "ok_bool.npy", "ok_u2.npy", "ok_scalar.npy"}) {
    save_npy(out / name, load_npy(folder + name));
    EXPECT_EQ(test::slurp(out / name), test::slurp(folder + name)) << name;
  }
}

TEST(Npy, KeepsTypesShapesAndViews) {
  TempFolder out;
  for (const DType dtype : {f16, f32, f64, i16, i32, i64, u8, u16, boolean})
    for (const Dims& shape : {Dims{}, Dims{1}, Dims{5}, Dims{0, 3}, Dims{2, 3, 2}}) {
      const Tensor t = arange(0, double(shape.numel())).reshape(shape).to(dtype);
      save_npy(out / "t.npy", t);
      EXPECT_TRUE(same_bits(load_npy(out / "t.npy"), t)) << t.describe();
    }
  const Tensor turned = arange(0, 6).reshape({2, 3}).permute({1, 0});
  save_npy(out / "t.npy", turned);
  EXPECT_TRUE(same_bits(load_npy(out / "t.npy"), turned));
  const Tensor blocked = arange(0, 64).reshape({1, 16, 2, 2}).to(Layout::blocked8);
  save_npy(out / "t.npy", blocked);
  EXPECT_TRUE(same_bits(load_npy(out / "t.npy"), blocked));
}

TEST(Npy, RefusesDamagedFiles) {
  EXPECT_NE(error_of([] { load_npy(folder + "bad_magic.npy"); }).find("no .npy file"), std::string::npos);
  EXPECT_NE(error_of([] { load_npy(folder + "bad_object_pickle.npy"); }).find("'|O'"), std::string::npos);
  EXPECT_NE(error_of([] { load_npy(folder + "ok_complex64.npy"); }).find("'<c8'"), std::string::npos);
  EXPECT_NE(error_of([] { load_npy(folder + "bad_truncated.npy"); }).find("wants 48 bytes, not 41"),
            std::string::npos);
  EXPECT_NE(error_of([] { load_npy(folder + "bad_shape_huge.npy"); }).find("bad_shape_huge.npy"),
            std::string::npos);
  EXPECT_NE(error_of([] { load_npy(folder + "none.npy"); }).find("No such file"), std::string::npos);
  test::expect_every_prefix_throws(folder + "ok_f4_c.npy", load_npy);
  test::expect_every_prefix_throws(folder + "ok_v2.npy", load_npy);
}

TEST(Npy, RefusesHostileHeaders) {
  TempFolder out;
  const auto refuses = [&](const std::string& header, const std::string& data = std::string(48, '\0')) {
    test::spill(out / "h.npy", std::string("\x93NUMPY\1\0", 8) + char(header.size()) + '\0' + header + data);
    EXPECT_THROW(load_npy(out / "h.npy"), Error) << header;
  };
  refuses("{'descr': '<f4', 'fortran_order': False}");
  refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)");
  refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)} x");
  refuses("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}");
  refuses("{'descr': '<f4', 'fortran_order': 1, 'shape': (3, 4)}");
  refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (-3, -4)}");
  refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}");
  refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9000000000000000000, 9)}", "");
  refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 3, 4)}");
  refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}", std::string(49, '\0'));
  refuses("{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", "\1\2");
}

TEST(Npy, NamesTheTypeItCannotWrite) {
  TempFolder out;
  EXPECT_NE(error_of([&] { save_npy(out / "t.npy", zeros({2}, bf16)); }).find("bf16"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(out / "t.npy"));
}

}  // namespace
}  // namespace fovea

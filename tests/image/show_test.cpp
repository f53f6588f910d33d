#include <gtest/gtest.h>

#include "fovea/image.h"

namespace fovea::image {
namespace {

const std::string folder = FOVEA_SOURCE_DIR "/tests/image/data/";

TEST(Header, ReadsAsText) {
  Header header = read(folder + "hopper_orientation_6.jpg");
  header.name = "hopper.jpg";
  EXPECT_EQ(header_text(header),
            "file          hopper.jpg, 4,951 bytes\n"
            "format        JPEG\n"
            "size          128 x 128 pixels (width x height)\n"
            "colour        RGB, 8 bits per sample\n"
            "table         u8 (128,128,3), 49,152 numbers\n"
            "orientation   6: turn clockwise by 90 degrees\n"
            "process       sequential, Huffman coding\n"
            "stored as     YCbCr 4:2:0\n"
            "JFIF          1.01\n"
            "pixel aspect  1:1\n"
            "Exif          32 bytes\n");
  EXPECT_EQ(header_text(Image(zeros({2, 5}, u16))),
            "size    5 x 2 pixels (width x height)\n"
            "colour  gray, 16 bits per sample\n"
            "table   u16 (2,5,1), 10 numbers\n");
}

TEST(PixelTable, ShowsAndAbridges) {
  const Image gray(tensor({157, 153, 74, 0, 7, 255}, {2, 3}, u8));
  EXPECT_EQ(pixel_table(gray), "157 153  74\n  0   7 255\n");
  EXPECT_EQ(pixel_table(gray, 1, 2),
            "157 153 …\n"
            "  …   … …\n");
  EXPECT_EQ(pixel_table(Image(tensor({1, 2, 3, 40, 50, 60}, {1, 2, 3}, u8))), "  1,  2,  3   40, 50, 60\n");
  EXPECT_EQ(pixel_table(Image(tensor({65535, 8}, {1, 2}, u16))), "65535     8\n");
  EXPECT_THROW(pixel_table(gray, 0, 3), Error);
  EXPECT_THROW(pixel_table(Image()), Error);
}

TEST(Picture, DrawsHalfBlocksInColour) {
  const Image image(tensor({255, 0, 0, 255, 0, 0, 0, 0, 255, 0, 255, 0}, {2, 2, 3}, u8));
  EXPECT_EQ(terminal_picture(image, 2), "\x1b[38;2;255;0;0m\x1b[48;2;0;0;255m▀\x1b[48;2;0;255;0m▀\x1b[0m\n");
  EXPECT_EQ(terminal_picture(Image(tensor({9}, {1, 1}, u8)), 1), "\x1b[38;2;9;9;9m▀\x1b[0m\n");
}

TEST(Picture, DrawsAnAsciiRamp) {
  const Image ramp(tensor({0, 30, 130, 255}, {1, 4}, u8));
  EXPECT_EQ(terminal_picture(ramp, 4, false), " .+@\n");
  EXPECT_EQ(terminal_picture(ramp, 9, false), "  ..++@@\n");  // grows by a whole factor
}

TEST(Picture, FitsTheBoxAndStandsUpright) {
  Image tall(full({300, 20, 3}, 255, u8));
  const std::string art = terminal_picture(tall, 30, false);
  EXPECT_EQ(std::count(art.begin(), art.end(), '\n'), 15);
  EXPECT_EQ(art.find('\n'), 2u);
  tall.orientation = 6;
  EXPECT_EQ(terminal_picture(tall, 30, false).find('\n'), 30u);
}

TEST(Picture, StretchesDeepImagesAndBlendsAlpha) {
  EXPECT_EQ(terminal_picture(Image(tensor({1000, 1100, 1200}, {1, 3}, u16)), 3, false), " +@\n");
  EXPECT_EQ(terminal_picture(Image(tensor({255, 0, 255, 255}, {1, 2, 2}, u8)), 2, false), "+@\n");
}

}  // namespace
}  // namespace fovea::image

// Chapters 1 and 2: what images are, and two ways of making sense of them.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/lecture/lecture.h"
#include "fovea/features.h"
#include "fovea/image.h"
#include "fovea/operators.h"
#include "fovea/ops.h"

namespace fovea::cli {
namespace {

/// A portrait as 16 x 12 numbers, which every first lecture shows.
constexpr uint8_t portrait[] = {
    157, 153, 174, 168, 150, 152, 129, 151, 172, 161, 155, 156, 155, 182, 163, 74,  75,  62,  33,  17,
    110, 210, 180, 154, 180, 180, 50,  14,  34,  6,   10,  33,  48,  106, 159, 181, 206, 109, 5,   124,
    131, 111, 120, 204, 166, 15,  56,  180, 194, 68,  137, 251, 237, 239, 239, 228, 227, 87,  71,  201,
    172, 105, 207, 233, 233, 214, 220, 239, 228, 98,  74,  206, 188, 88,  179, 209, 185, 215, 211, 158,
    139, 75,  20,  169, 189, 97,  165, 84,  10,  168, 134, 11,  31,  62,  22,  148, 199, 168, 191, 193,
    158, 227, 178, 143, 182, 106, 36,  190, 205, 174, 155, 252, 236, 231, 149, 178, 228, 43,  95,  234,
    190, 216, 116, 149, 236, 187, 86,  150, 79,  38,  218, 241, 190, 224, 147, 108, 227, 210, 127, 102,
    36,  101, 255, 224, 190, 214, 173, 66,  103, 143, 96,  50,  2,   109, 249, 215, 187, 196, 235, 75,
    1,   81,  47,  0,   6,   217, 255, 211, 183, 202, 237, 145, 0,   0,   12,  108, 200, 138, 243, 236,
    195, 206, 123, 207, 177, 121, 123, 200, 175, 13,  96,  218};

/// The same colour in four colour models.
std::string colours() {
  using image::ColorModel;
  const Tensor orange = tensor({255, 128, 0}, {1, 1, 3}).to(u8);
  std::string lines;
  for (const ColorModel model : {ColorModel::rgb, ColorModel::cmyk, ColorModel::lab, ColorModel::gray}) {
    const std::vector<uint8_t> numbers = image::convert(orange, ColorModel::rgb, model).to_vector<uint8_t>();
    lines += fmt::format("{:<5} {}\n", image::name_of(model), fmt::join(numbers, " "));
  }
  return lines;
}

}  // namespace

void pixels(Talk& talk) {
  talk.say(
      R"(A machine does not see a face. It sees a table of numbers, one for each pixel: 0 is black, 255 is
             white. Sixteen rows of twelve numbers are enough for a portrait that people recognise from across
             the room.)");
  const Tensor table = Tensor::of<uint8_t>({std::begin(portrait), std::end(portrait)}, {16, 12, 1});
  image::write(talk.file("portrait.png"), image::Image(table));
  talk.run("show " + talk.file("portrait.png") + " rows=16 columns=12 chars=36");
  image::write(talk.file("portrait_large.png"),
               image::Image(image::resize(table, 320, 240, image::Filter::nearest)));
  talk.picture("portrait_large.png", "The same table, a square for each number: step back to see the face");
  talk.say(R"(A file is a header, which says how to read what follows, and the table. A colour is several
             numbers, and which ones is a matter of the colour model. Orange:)");
  talk.show(colours());
  talk.say(R"(A video is such a table for every moment. Thirty a second for an hour:)");
  const int64_t numbers = int64_t{30} * 3600 * table.numel();
  talk.show(fmt::format("30 x 3,600 x {} x {} = {} numbers for a portrait of {} x {} pixels\n", table.size(0),
                        table.size(1), thousands(numbers), table.size(1), table.size(0)));
  talk.say(R"(Light that eyes see is one way to such tables; heat (infrared), echoes (ultrasound), X-rays and
             electrons are others, with 8 to 16 bits and any number of channels. docs/ways_of_seeing.md shows
             them all.)");
  talk.example("01_pixels.cpp");
}

void rules(Talk& talk) {
  talk.say(R"(For half a century engineers wrote down how pictures are to be read: edges are where brightness
             jumps, lines are where edges queue up, a face is two dark spots above a third. A question for such
             rules: are these lines parallel?)");
  image::write(talk.file("lines.png"), image::Image(unsqueeze(image::illusion("zoellner", 320), 2)));
  talk.picture("lines.png", "Are the long lines parallel? (Zoellner 1860)");
  talk.say(
      R"(Canny's edges and Hough's lines give the answer that eyes do not, for this picture and for one where
             every other line is turned by 3 degrees:)");
  talk.run("rules lines=zoellner out=" + talk.file("found.png"));
  talk.run("rules lines=zoellner tilt=3 out=" + talk.file("turned.png"));
  talk.say(R"(So rules can be right where we are wrong: our brains process what we see before we know it. That
             is the trouble with rules, too. We cannot say by which ones we see, and it is hard to write down
             rules for all cases. The same digits, read by rules with a linear decision, and by a network that
             learns its own features:)");
  talk.run("rules data=mnist seconds=3 out=" + talk.file("rules.webp"));
  talk.picture("rules.webp", "What rules see of digits, and how often each way of reading them errs");
  talk.say(R"(Networks overtook rules in 2012, when three million labelled pictures (ImageNet) and fast enough
             processors met. Chapter 11 has that story.)");
  talk.example("02_rules.cpp");
}

}  // namespace fovea::cli

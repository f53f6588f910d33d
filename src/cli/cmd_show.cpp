#include "cli/command.h"
#include "cli/keys.h"
#include "cli/setup.h"
#include "cli/show_data.h"
#include "fovea/acquisition.h"
#include "fovea/annotations.h"
#include "fovea/video.h"
#include "train/terminal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

namespace fovea::cli {
namespace {

struct Keys {
  std::vector<std::string> files;
  int rows = 12, columns = 8, chars = 64;
  int64_t sheet = 12;      // pictures on a sheet
  bool one_frame = false;  // of a video, not a sheet
  std::string of;          // what the sheet of an image file shows: frames or channels; empty: no sheet
  ExampleKeys examples;
  bool of_set = false;  // a data set is meant
  std::string percentiles;
  int64_t side = 0;  // of what is written; 0: as large as it is
  image::ReadOptions read;
  image::RenderOptions render;
  image::RawLayout raw;  // width > 0: the files have no header
  std::string order = "little", window, out, unit, color, profile = "auto";
  double slope = 0, intercept = 0;
  std::string probe, planck;  // the table is echoes of such a probe; counts of a camera with such constants
  image::Probe lines;
  image::BModeOptions b_mode;
  bool rows_are_lines = false;
  std::optional<double> emissivity, distance, reflected, air, humidity;
};

/// "400,1500" and "400/1500" are two numbers.
std::optional<std::array<double, 2>> pair_of(const std::string& text) {
  std::array<double, 2> pair{};
  int used = 0;
  if (std::sscanf(text.c_str(), "%lf%*1[,/]%lf%n", &pair[0], &pair[1], &used) != 2 ||
      size_t(used) != text.size())
    return {};
  return pair;
}

image::Window window_of(const std::string& text) {
  const auto pair = pair_of(text);
  if (!pair || !((*pair)[1] > 0))
    throw UsageError(
        fmt::format("window={}: a centre and a width above 0 are wanted, as in window=40,400", text));
  return {(*pair)[0], (*pair)[1]};
}

std::array<double, 2> percentiles_of(const std::string& text) {
  const auto pair = pair_of(text);
  if (!pair || !((*pair)[0] >= 0 && (*pair)[0] < (*pair)[1] && (*pair)[1] <= 100))
    throw UsageError(fmt::format(
        "percentiles={}: two numbers in 0..100 are wanted, the smaller first, as in percentiles=1,99", text));
  return *pair;
}

/// "21106.77,0.0125,1501,1,-7340" are R1, R2, B, F and O.
image::Thermal planck_of(const std::string& text) {
  image::Thermal t;
  int used = 0;
  if (std::sscanf(text.c_str(), "%lf,%lf,%lf,%lf,%lf%n", &t.r1, &t.r2, &t.b, &t.f, &t.o, &used) != 5 ||
      size_t(used) != text.size())
    throw UsageError(fmt::format("planck={}: five constants R1,R2,B,F,O are wanted", text));
  return t;
}

/// Counts of an infrared camera seen under other circumstances than the file says.
void set_circumstances(image::Image& picture, const Keys& keys) {
  if (!keys.planck.empty()) picture.thermal = planck_of(keys.planck), picture.unit = "C";
  const auto set = [&](const std::optional<double>& value, double image::Thermal::*field, const char* key) {
    if (!value) return;
    check(picture.thermal.has_value(),
          "{}: {}= is for counts of an infrared camera (planck= gives its constants)", picture.name, key);
    (*picture.thermal).*field = *value;
  };
  set(keys.emissivity, &image::Thermal::emissivity, "emissivity");
  set(keys.distance, &image::Thermal::distance, "distance");
  set(keys.reflected, &image::Thermal::reflected, "reflected");
  set(keys.air, &image::Thermal::air, "air");
  set(keys.humidity, &image::Thermal::humidity, "humidity");
}

image::Image echoes_of(const image::Image& table, const Keys& keys) {
  check(table.channels() == 1, "{}: echoes are one number a sample, not {}", table.name, table.channels());
  const Tensor flat = table.pixels.reshape({table.height(), table.width()});
  image::Probe probe = keys.lines;
  probe.kind = keys.probe == "convex" ? image::Probe::convex : image::Probe::linear;
  probe.sampling_rate *= 1e6;
  image::Image picture = image::b_mode(keys.rows_are_lines ? flat.permute({1, 0}) : flat, probe, keys.b_mode);
  picture.name = table.name, picture.format = table.format, picture.file_bytes = table.file_bytes;
  return picture;
}

image::Image picture_of(const std::string& file, const Keys& keys) {
  image::Image picture =
      keys.raw.width > 0 ? image::read_raw(file, keys.raw, keys.read) : image::read(file, keys.read);
  if (!keys.probe.empty()) picture = echoes_of(picture, keys);
  set_circumstances(picture, keys);
  if (keys.slope != 0)
    picture.slope = keys.slope, picture.intercept = keys.intercept, picture.thermal.reset();
  if (!keys.unit.empty()) picture.unit = keys.unit;
  if (keys.profile == "off") picture.icc.clear();
  if (keys.profile == "on") picture = image::apply_profile(picture);
  return keys.color.empty() ? picture : image::convert(picture, image::color_named(keys.color));
}

/// Whether it can be shown through its own profile; tells so, or why not.
bool has_good_profile(const image::Image& picture) {
  if (picture.icc.empty()) return false;
  try {
    image::Image corner = picture;
    corner.pixels = picture.pixels.narrow(0, 0, 1).narrow(1, 0, 1).contiguous();
    image::apply_profile(corner);
    fmt::print("shown through its colour profile '{}'\n", image::profile_name(picture.icc));
    return true;
  } catch (const Error& e) {
    fmt::print("shown without its colour profile: {}\n", e.what());
    return false;
  }
}

/// As it is where the format can hold it (.npy, .tif), else as an eye sees it.
void write(const std::string& path, const image::Image& picture, const Keys& keys,
           const image::RenderOptions& render) {
  const bool as_it_is = path.ends_with(".npy") || path.ends_with(".tif") || path.ends_with(".tiff");
  Tensor seen;
  if (!as_it_is) seen = image::render(picture, render);
  if (!as_it_is && keys.side > 0) seen = image::shrink_to(seen, keys.side);
  image::write(path, as_it_is ? picture : image::Image(seen));
  fmt::print("wrote {}\n", path);
}

/// Deep numbers are made into 8 bits for the eye alone: from which to which value.
void print_caption(const image::Image& picture, const image::RenderOptions& render) {
  const auto window = image::shown_window(picture, render);
  if (!window) return;
  const double low = window->center - window->width / 2, high = window->center + window->width / 2;
  const bool turned = picture.inverted;
  const std::string unit = picture.unit.empty() ? "" : " " + picture.unit;
  fmt::print("shown, for the eye alone, in 8 bits: {} from {:.6g}{} to {:.6g}{}\n",
             turned ? "white to black" : "black to white", low, unit, high, unit);
}

void draw(const image::Image& picture, const Keys& keys, const image::RenderOptions& render,
          const train::Terminal& terminal) {
  if (!keys.out.empty()) return write(keys.out, picture, keys, render);
  fmt::print(
      "{}", image::terminal_picture(picture, std::min(keys.chars, terminal.columns), terminal.color, render));
}

void show_picture(const image::Image& picture, const Keys& keys, const train::Terminal& terminal) {
  fmt::print("{}\n", image::header_text(picture));
  fmt::print("{}\n", image::statistics_text(picture));
  if (keys.rows > 0 && keys.columns > 0)
    fmt::print("{}\n", image::pixel_table(picture, keys.rows, keys.columns));
  image::RenderOptions render = keys.render;
  render.profile = has_good_profile(picture);
  if (keys.of == "channels")
    return draw(image::Image(sheet_of_channels(picture, keys.sheet, render)), keys, {}, terminal);
  print_caption(picture, render);
  draw(picture, keys, render, terminal);
}

void show_frames(const std::string& file, const Keys& keys, const train::Terminal& terminal) {
  fmt::print("{}\n", image::header_text(picture_of(file, keys)));
  draw(image::Image(sheet_of_frames(file, keys.sheet, keys.read, keys.render)), keys, {}, terminal);
}

void show_set(const std::string& what, const Keys& keys, const train::Terminal& terminal) {
  if (keys.examples.example >= 0) return show_picture(example_of(what, keys.examples), keys, terminal);
  draw(image::Image(sheet_of_examples(what, keys.examples, keys.sheet, keys.render)), keys, {}, terminal);
}

void show_annotated(const std::string& what, const Keys& keys, const train::Terminal& terminal) {
  const Tensor seen = keys.examples.example >= 0
                          ? annotated_example(what, keys.examples, keys.render)
                          : sheet_of_annotated(what, keys.examples, keys.sheet, keys.render);
  draw(image::Image(seen), keys, {}, terminal);
}

/// One frame, or a sheet of several; the first one of a camera or stream.
void show_video(const std::string& file, const Keys& keys, const train::Terminal& terminal) {
  video::Reader reader(file);
  if (reader.header().seekable) reader.count();
  fmt::print("{}\n", video::header_text(reader.header()));
  if (reader.header().seekable && !keys.one_frame)
    return draw(video::contact_sheet(reader, keys.sheet), keys, {}, terminal);
  if (reader.header().seekable) reader.seek(keys.read.frame);
  const std::optional<video::Frame> frame = reader.next();
  check(frame.has_value(), "{} ends before its first frame", file);
  image::Image picture(frame->pixels, reader.header().color);
  picture.name = fmt::format("{} frame {} at {:.3f} s", file, frame->index, frame->time);
  picture.depth = reader.header().depth;
  show_picture(picture, keys, terminal);
}

/// Shows one file; false (with the reason on standard error) if it cannot be read.
bool show(const std::string& file, const Keys& keys, const train::Terminal& terminal) {
  try {
    const bool is_table = keys.raw.width > 0;
    if (!is_table && data::is_annotated(file)) show_annotated(file, keys, terminal);
    else if (!is_table && (keys.of_set || is_data_set(file))) show_set(file, keys, terminal);
    else if (!is_table && (video::is_video_name(file) || std::filesystem::is_directory(file)))
      show_video(file, keys, terminal);
    else if (keys.of == "frames") show_frames(file, keys, terminal);
    else show_picture(picture_of(file, keys), keys, terminal);
    return true;
  } catch (const Error& e) {
    std::fflush(stdout);
    fmt::print(stderr, "fovea show: {}\n", e.what());
    return false;
  }
}

int run(const Keys& keys) {
  if (!keys.out.empty() && keys.files.size() > 1)
    throw UsageError(fmt::format("out={} takes one file, not {}", keys.out, keys.files.size()));
  const train::Terminal terminal = train::terminal_of(stdout);
  int failed = 0;
  for (const auto& file : keys.files) failed += !show(file, keys, terminal);
  return failed ? 1 : 0;
}

void declare_reading(KeySet& app, Keys& keys) {
  app.add_option("--frame", keys.read.frame, "frame, page or slice to show; of a video instead of a sheet")
      ->check(at_least(0));
  app.add_option("--sheet", keys.sheet, "pictures on a sheet: frames at even times, examples")
      ->check(between(1, 1000));
  app.add_option("--of", keys.of, "image file: a sheet of its frames or of its channels")
      ->check(one_of({"frames", "channels"}));
  app.add_option("--example", keys.examples.example, "data set: this example instead of a sheet")
      ->check(at_least(0));
  app.add_option("--split", keys.examples.split, "data set: train or val")->check(one_of({"train", "val"}));
  app.add_option("--seed", keys.examples.seed, "data set: of what is split off for validation");
  app.add_option("--page", keys.read.frame, "the same")->check(at_least(0));
  app.add_option("--width", keys.raw.width, "raw table without a header: pixels in a row")
      ->check(at_least(1));
  app.add_option("--height", keys.raw.height, "raw table: rows")->check(at_least(1));
  app.add_option("--channels", keys.raw.channels, "raw table: numbers per pixel")->check(at_least(1));
  app.add_option("--dtype", keys.raw.dtype, "raw table: type of the numbers")
      ->check(one_of({"u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "f16", "f32", "f64"}));
  app.add_option("--offset", keys.raw.offset, "raw table: bytes before it")->check(at_least(0));
  app.add_option("--order", keys.order, "raw table: order of bytes")->check(one_of({"little", "big"}));
  app.add_flag("--planar", keys.raw.planar, "raw table: one channel after the other");
}

void declare_showing(KeySet& app, Keys& keys) {
  app.add_option("--channel", keys.render.channel, "shows this channel alone");
  app.add_option("--bands", keys.render.bands, "three channels as red, green and blue: 7,4,1")
      ->delimiter(',');
  app.add_option("--window", keys.window, "values from black to white: centre,width or centre/width");
  app.add_option("--percentiles", keys.percentiles,
                 "values from black to white: 1,99 leaves out 1 % at both ends");
  app.add_option("--palette", keys.render.palette, "colours of one channel")
      ->check(one_of({image::palette_names().begin(), image::palette_names().end()}));
  app.add_option("--color", keys.color, "converts first: gray RGB RGBA CMYK Lab XYZ HSV YCbCr");
  app.add_option("--profile", keys.profile,
                 "colour profile: auto (to look at it), on (changes the pixels), off")
      ->check(one_of({"auto", "on", "off"}));
  app.add_option("--slope", keys.slope, "value = slope * number + intercept, instead of what the file says");
  app.add_option("--intercept", keys.intercept, "see slope");
  app.add_option("--unit", keys.unit, "unit of the values");
  app.add_option("--out", keys.out, "file to write instead: .png .jpg ... as seen, .npy .tif as it is");
  app.add_option("--side", keys.side, "of the file as seen: shrinks it to so many pixels (0: not)")
      ->check(at_least(0));
  app.add_option("--rows", keys.rows, "rows of the pixel table (0: no table)")->check(at_least(0));
  app.add_option("--columns", keys.columns, "columns of the pixel table (0: no table)")->check(at_least(0));
  app.add_option("--chars", keys.chars, "width of the picture in characters")->check(at_least(1));
}

void declare_acquiring(KeySet& app, Keys& keys) {
  keys.lines.sampling_rate = 40;
  app.add_option("--probe", keys.probe, "the table is ultrasound, a line a column: linear or convex probe")
      ->check(one_of({"linear", "convex"}));
  app.add_flag("--rows-are-lines", keys.rows_are_lines, "ultrasound: a line is a row of the table");
  app.add_option("--rate", keys.lines.sampling_rate, "ultrasound: samples in a microsecond (MHz)");
  app.add_option("--speed", keys.lines.sound_speed, "ultrasound: of sound, m/s");
  app.add_option("--start", keys.lines.start, "ultrasound: depth of the first sample, mm");
  app.add_option("--pitch", keys.lines.pitch, "linear probe: from line to line, mm");
  app.add_option("--radius", keys.lines.radius, "convex probe: of its face, mm (0: phased array)");
  app.add_option("--sector", keys.lines.sector, "convex probe: degrees from the first line to the last");
  app.add_option("--range", keys.b_mode.range_db, "ultrasound: decibels from black to white");
  app.add_option("--planck", keys.planck, "infrared: the camera's constants R1,R2,B,F,O");
  app.add_option("--emissivity", keys.emissivity, "infrared: of the object, 0..1");
  app.add_option("--distance", keys.distance, "infrared: to the object, m");
  app.add_option("--reflected", keys.reflected, "infrared: temperature that the object mirrors, C");
  app.add_option("--air", keys.air, "infrared: temperature of the air, C");
  app.add_option("--humidity", keys.humidity, "infrared: of the air, 0..1");
}

}  // namespace

const Command show_command{
    "show", "an image or video: its header, its pixels as a table, a picture in the terminal",
    "  fovea show digit.png\n"
    "  fovea show photo.jpg chars=100 rows=0    # only header and picture\n"
    "  fovea show scan.dcm frame=3 window=40,400 out=scan.png\n"
    "  fovea show thermal.jpg frame=1 palette=iron\n"
    "  fovea show print.jpg color=Lab           # CMYK through its profile\n"
    "  fovea show thermal.jpg frame=1 emissivity=0.9 palette=rainbow\n"
    "  fovea show echoes.npy probe=convex rate=40 radius=60 sector=70 out=liver.png\n"
    "  fovea show walk.mp4                      # a video as a sheet of frames\n"
    "  fovea show walk.mp4 frame=100 out=frame.png\n"
    "  fovea show stack.tif sheet=20            # frames, pages or slices on a sheet\n"
    "  fovea show satellite.tif of=channels     # every channel alone; bands=7,4,1 for false colours\n"
    "  fovea show mnist example=7               # of a data set; without example= a sheet\n"
    "  fovea show coco/ example=7 out=seen.png  # with its boxes, masks and names\n"
    "  fovea show dump.bin width=640 height=480 dtype=u16\n",
    [](KeySet& app) -> std::function<int()> {
      auto keys = std::make_shared<Keys>();
      app.add_option("file", keys->files, "image and video files, folders of frames, data sets")->required();
      declare_reading(app, *keys);
      declare_showing(app, *keys);
      declare_acquiring(app, *keys);
      return [keys, &app] {
        keys->one_frame = given(app, "frame") || given(app, "page");
        keys->of_set = given(app, "example") || given(app, "split");
        if (keys->of.empty() && given(app, "sheet")) keys->of = "frames";
        if (!keys->percentiles.empty()) keys->render.percentiles = percentiles_of(keys->percentiles);
        keys->raw.big_endian = keys->order == "big";
        if (!keys->window.empty()) keys->render.window = window_of(keys->window);
        return run(*keys);
      };
    }};

}  // namespace fovea::cli

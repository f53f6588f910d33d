#include "data/decoder.h"

#include <cstring>

namespace fovea::data {

Picture::Picture(const Tensor& whole)
    : table{whole.raw(), whole.dtype(), whole.size(0), whole.size(1), whole.size(2)},
      height(whole.size(0)),
      width(whole.size(1)),
      owner(whole) {}

Tensor Picture::window(const image::Box& box) const {
  check(place.shrink == 1 && box.top >= place.top && box.left >= place.left &&
            box.top + box.height <= place.top + table.height &&
            box.left + box.width <= place.left + table.width,
        "the part {} x {} at {}, {} of a picture is not here", box.height, box.width, box.top, box.left);
  const Tensor out = Tensor::empty({box.height, box.width, table.channels}, table.dtype);
  const int64_t pixel = table.channels * size_of(table.dtype), row = box.width * pixel;
  const char* from = static_cast<const char*>(table.data) +
                     ((box.top - place.top) * table.width + box.left - place.left) * pixel;
  char* to = static_cast<char*>(out.raw());
  for (int64_t y = 0; y < box.height; ++y, from += table.width * pixel, to += row)
    std::memcpy(to, from, size_t(row));
  return out;
}

Picture PictureDecoder::decode(const Dataset& dataset, int64_t index, const Choose& choose) {
  const auto bytes = dataset.picture_file(index, file_);
  if (bytes.empty() || !reader_.open(bytes, dataset.where(index))) {
    const Picture picture(dataset.picture(index));
    choose(picture.height, picture.width);
    return picture;
  }
  const Wanted wanted = choose(reader_.height(), reader_.width());
  const image::Part part = reader_.read(wanted.box, wanted.shrink);
  const bool gray = dataset.example_shape()[0] == 1;
  Picture picture(gray ? image::to_gray(part.pixels, reader_.color())
                       : image::to_rgb(part.pixels, reader_.color()));
  picture.place = {part.top, part.left, part.shrink};
  picture.height = reader_.height(), picture.width = reader_.width();
  return picture;
}

Picture PictureDecoder::decode(const Dataset& dataset, int64_t index) {
  return decode(dataset, index, [](int64_t height, int64_t width) { return Wanted{{0, 0, height, width}}; });
}

}  // namespace fovea::data

// An image is a header and a table of numbers.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

int main() {
  const data::Example digit = data::open_dataset("mnist", data::Split::train)->example(7);
  const Tensor table = reshape(digit.image, {28, 28, 1});
  image::write("digit.png", image::Image(table));
  const image::Image file = image::read("digit.png");
  std::cout << file.format << ", " << file.width() << " x " << file.height() << " pixels, row 14:\n"
            << reshape(file.pixels.narrow(0, 14, 1), {28}) << "\n";
  return file.pixels.to_vector<uint8_t>() == table.to_vector<uint8_t>() ? 0 : 1;
}

// The main of every test binary.
#include <gtest/gtest.h>

#include "fovea/device.h"

int main(int argc, char** argv) {
  fovea::use_short_spin(argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

// Are these lines parallel? Edges and votes for lines give the answer that eyes do not.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

int main() {
  for (const double tilt : {0.0, 3.0}) {
    const image::Parallels found = image::parallel_lines(image::illusion("zoellner", 320, tilt));
    std::cout << found.lines.size() << " long lines, angles within " << found.spread
              << " degrees: " << (found.parallel ? "parallel" : "not parallel") << "\n";
    if (found.parallel != (tilt == 0)) return 1;
  }
}

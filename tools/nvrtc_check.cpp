// Compiles a CUDA source to PTX with NVRTC; needs no GPU. usage: nvrtc_check FILE
#include <nvrtc.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::stringstream source;
  source << std::ifstream(argv[1]).rdbuf();
  nvrtcProgram program;
  nvrtcCreateProgram(&program, source.str().c_str(), "ops.cu", 0, nullptr, nullptr);
  const nvrtcResult result = nvrtcCompileProgram(program, 0, nullptr);
  if (result != NVRTC_SUCCESS) {
    size_t n = 0;
    nvrtcGetProgramLogSize(program, &n);
    std::string log(n, ' ');
    nvrtcGetProgramLog(program, log.data());
    std::cerr << log;
    return 1;
  }
  size_t bytes = 0;
  nvrtcGetPTXSize(program, &bytes);
  std::cout << "CUDA: NVRTC compiles the texts to " << bytes << " bytes of PTX\n";
}

// DCMTK and what it needs take milliseconds to load, and few files want them: they lie in a module beside
// this library, loaded when the first such file comes.
#include <dlfcn.h>

#include <string>

#include "image/format/dicom_frames.h"

namespace fovea::image {

decltype(dcmtk_decoder) dcmtk_decoder = nullptr;

namespace {

/// Why the module cannot be used; empty if it can.
std::string load() {
#if FOVEA_HAVE_DCMTK
  Dl_info here;
  if (!dladdr(reinterpret_cast<void*>(&frame_by_dcmtk), &here)) return "this library's place is unknown";
  const std::string self = here.dli_fname;
  const std::string path = self.substr(0, self.rfind('/') + 1) + "libfovea_dcmtk.so";
  if (dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return "";
  return dlerror();
#else
  return "this build lacks it: install libdcmtk-dev and build again";
#endif
}

}  // namespace

Bytes frame_by_dcmtk(View8 frame, const DicomLayout& layout, const std::string& syntax,
                     const std::string& name) {
  static const std::string missing = load();
  check(dcmtk_decoder, "{}: frames of transfer syntax {} go through DCMTK: {}", name, printable(syntax),
        missing);
  return dcmtk_decoder(frame, layout, syntax, name);
}

}  // namespace fovea::image

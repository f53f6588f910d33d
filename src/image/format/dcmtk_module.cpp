// DCMTK and what it needs take milliseconds to load, and few files want them: they lie in a module beside
// this library, loaded when the first such file comes.
#include "base/module.h"
#include "image/format/dicom_frames.h"

namespace fovea::image {

decltype(dcmtk_decoder) dcmtk_decoder = nullptr;

Bytes frame_by_dcmtk(View8 frame, const DicomLayout& layout, const std::string& syntax,
                     const std::string& name) {
  static const std::string missing = load_module("dcmtk", FOVEA_HAVE_DCMTK, "libdcmtk-dev");
  check(dcmtk_decoder, "{}: frames of transfer syntax {} go through DCMTK: {}", name, printable(syntax),
        missing);
  return dcmtk_decoder(frame, layout, syntax, name);
}

}  // namespace fovea::image

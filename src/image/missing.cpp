// Formats whose library was not found when this build was configured: they are known by name, and say what is
// missing.
#include "image/signatures.h"

namespace fovea::image {

#if !FOVEA_HAVE_GIF
const Codec gif_codec{"gif", {"gif"}, is_gif, nullptr, nullptr, nullptr, "giflib", "libgif-dev"};
#endif
#if !FOVEA_HAVE_WEBP
const Codec webp_codec{"webp", {"webp"}, is_webp, nullptr, nullptr, nullptr, "libwebp", "libwebp-dev"};
#endif
#if !FOVEA_HAVE_TIFF
const Codec tiff_codec{"tiff", {"tif", "tiff"}, is_tiff, nullptr, nullptr, nullptr, "libtiff", "libtiff-dev"};
#endif
#if !FOVEA_HAVE_JPEG2000
const Codec jpeg2000_codec{"jpeg2000", {"jp2", "j2k", "jpc"}, is_jpeg2000, nullptr, nullptr, nullptr,
                           "OpenJPEG", "libopenjp2-7-dev"};
#endif

}  // namespace fovea::image

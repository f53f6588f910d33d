// Little CMS: profiles are hostile input as any part of a file. This file is a module of its own (module.h).
#include <lcms2.h>

#include <memory>

#include "image/profile.h"

namespace fovea::image {
namespace {

/// A context for each call, so that threads share nothing and the message of an error is ours.
class Context {
 public:
  Context() : context_(cmsCreateContext(nullptr, this)) {
    check(context_ != nullptr, "Little CMS does not start (out of memory)");
    cmsSetLogErrorHandlerTHR(context_, keep);
  }
  ~Context() { cmsDeleteContext(context_); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  cmsContext get() const { return context_; }
  const std::string& message() const { return message_; }

 private:
  static void keep(cmsContext context, cmsUInt32Number, const char* text) {
    auto& self = *static_cast<Context*>(cmsGetContextUserData(context));
    if (self.message_.empty()) self.message_ = printable(text);
  }

  std::string message_;
  cmsContext context_;
};

using Profile = std::unique_ptr<void, int (*)(cmsHPROFILE)>;

Profile open(const Context& context, View8 icc, const std::string& name) {
  Profile profile(cmsOpenProfileFromMemTHR(context.get(), icc.data(), cmsUInt32Number(icc.size())),
                  cmsCloseProfile);
  check(profile != nullptr, "{}: its colour profile of {} bytes is damaged: {}", name, icc.size(),
        context.message());
  return profile;
}

/// How lcms calls such pixels.
cmsUInt32Number type_of(ColorModel color, DType dtype) {
  const int space = color == ColorModel::gray ? PT_GRAY : color == ColorModel::cmyk ? PT_CMYK : PT_RGB;
  return cmsUInt32Number(COLORSPACE_SH(space) | CHANNELS_SH(channels_of(color)) | BYTES_SH(size_of(dtype)) |
                         FLOAT_SH(dtype == f32 ? 1 : 0));
}

/// *Requires* an icc that open() took. A hostile one holds any number where lcms has an enum.
void check_kind(const ProfileJob& job) {
  const std::string_view space(reinterpret_cast<const char*>(job.icc.data()) + 16, 4);
  check(space == (job.from == ColorModel::gray   ? "GRAY"
                  : job.from == ColorModel::cmyk ? "CMYK"
                                                 : "RGB "),
        "{}: its colour profile is for '{}', its pixels are {}", job.name, printable(space),
        name_of(job.from));
}

void run(const ProfileJob& job) {
  const Context context;
  const Profile from = open(context, job.icc, job.name);
  check_kind(job);
  const Profile screen(cmsCreate_sRGBProfileTHR(context.get()), cmsCloseProfile);
  check(screen != nullptr, "{}: Little CMS has no memory for sRGB", job.name);
  // Its tables made beforehand are good for 8 bits, and wrong by 14 of 255 where 16 leave the screen's range.
  const cmsUInt32Number flags = job.dtype == u8 ? 0 : cmsFLAGS_NOOPTIMIZE;
  const std::unique_ptr<void, void (*)(cmsHTRANSFORM)> transform(
      cmsCreateTransformTHR(context.get(), from.get(), type_of(job.from, job.dtype), screen.get(),
                            type_of(ColorModel::rgb, job.dtype), cmsUInt32Number(job.intent), flags),
      cmsDeleteTransform);
  check(transform != nullptr, "{}: its colour profile cannot be applied: {}", job.name, context.message());
  const int64_t in = channels_of(job.from) * size_of(job.dtype), out = 3 * size_of(job.dtype);
  constexpr int64_t step = 1 << 20;
  for (int64_t at = 0; at < job.count; at += step)
    cmsDoTransform(transform.get(), static_cast<const char*>(job.pixels) + at * in,
                   static_cast<char*>(job.rgb) + at * out, cmsUInt32Number(std::min(step, job.count - at)));
}

std::string describe(View8 icc) {
  const Context context;
  const Profile profile = open(context, icc, "[profile_name]");
  char text[256] = "";
  cmsGetProfileInfoASCII(profile.get(), cmsInfoDescription, "en", "US", text, sizeof text);
  return printable(text);
}

constexpr ProfileEngine engine{run, describe};
[[maybe_unused]] const bool loaded = (profile_engine = &engine, true);

}  // namespace
}  // namespace fovea::image

#include "image/format/jpeg_library.h"

#include <jerror.h>

namespace fovea::image {
namespace {

[[noreturn]] void jump(j_common_ptr info) {
  auto& failure = *static_cast<Failure*>(info->client_data);
  (*info->err->format_message)(info, failure.message);
  std::longjmp(failure.back, 1);
}

/// Level -1 is a warning. Oddities that leave the pixels whole are kept for the header, all others are
/// errors.
void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:
      break;
    default:
      jump(info);
  }
  auto& failure = *static_cast<Failure*>(info->client_data);
  if (failure.warning[0] == 0) (*info->err->format_message)(info, failure.warning);
}

}  // namespace

jpeg_error_mgr* set_up(jpeg_error_mgr& errors) {
  jpeg_std_error(&errors);
  errors.error_exit = jump;
  errors.emit_message = on_message;
  return &errors;
}

void limit_scans(j_common_ptr info) {
  constexpr int most = 500;
  auto* reader = reinterpret_cast<j_decompress_ptr>(info);
  if (reader->input_scan_number <= most) return;
  auto& failure = *static_cast<Failure*>(info->client_data);
  std::snprintf(failure.message, sizeof failure.message, "it has more than %d scans", most);
  std::longjmp(failure.back, 1);
}

}  // namespace fovea::image

#include "video/ffmpeg/timeline.h"

#include <algorithm>

#include "video/ffmpeg/decoder.h"

namespace fovea::video {
namespace {

/// Whether each packet is one frame that is shown.
bool packets_are_frames(const AVCodecParameters& codec) {
  const AVCodecDescriptor* const facts = avcodec_descriptor_get(codec.codec_id);
  if (facts && (facts->props & AV_CODEC_PROP_INTRA_ONLY)) return true;
  if (codec.field_order > AV_FIELD_PROGRESSIVE) return false;
  switch (codec.codec_id) {
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_HEVC:
    case AV_CODEC_ID_VP9:
    case AV_CODEC_ID_AV1:
      return true;
    default:
      return false;
  }
}

bool is_key(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  return frame.flags & AV_FRAME_FLAG_KEY;
#else
  return frame.key_frame;
#endif
}

void check_count(size_t frames, const Place& place, const Options& options) {
  check(int64_t(frames) < options.limits.frames, "{} has more than the limit of {} frames", place.path,
        options.limits.frames);
}

}  // namespace

Timeline::Timeline(const Place& place, const Options& options) {
  if (walk(place, options)) return;
  times_.clear(), starts_.clear(), broken_.clear();
  decode(place, options);
}

bool Timeline::walk(const Place& place, const Options& options) {
  Demuxer demuxer(place, options);
  if (!packets_are_frames(*demuxer.stream()->codecpar)) return false;
  const FfmpegPtr<AVPacket> packet(av_packet_alloc());
  std::vector<int64_t> keys;
  int read = 0;
  for (; (read = demuxer.read(packet.get())) >= 0; av_packet_unref(packet.get())) {
    if (packet->flags & AV_PKT_FLAG_CORRUPT) {
      read = AVERROR_INVALIDDATA;
      break;
    }
    if (packet->flags & AV_PKT_FLAG_DISCARD) continue;
    if (packet->pts == AV_NOPTS_VALUE) return false;
    check_count(times_.size(), place, options);
    times_.push_back(packet->pts);
    if (packet->flags & AV_PKT_FLAG_KEY) keys.push_back(packet->pts);
  }
  if (read != AVERROR_EOF)
    broken_ = fmt::format("damaged or truncated after {} frames: {}", times_.size(), ffmpeg_text(read));
  std::sort(times_.begin(), times_.end());
  std::sort(keys.begin(), keys.end());
  if (std::adjacent_find(times_.begin(), times_.end()) != times_.end()) return false;
  for (const int64_t key : keys)
    starts_.push_back(std::lower_bound(times_.begin(), times_.end(), key) - times_.begin());
  return !times_.empty();
}

void Timeline::decode(const Place& place, const Options& options) {
  Decoder decoder(place, options);
  bool ascending = true;
  try {
    while (const AVFrame* const frame = decoder.next()) {
      check_count(times_.size(), place, options);
      ascending &= frame->pts != AV_NOPTS_VALUE && (times_.empty() || frame->pts > times_.back());
      if (is_key(*frame)) starts_.push_back(count());
      times_.push_back(frame->best_effort_timestamp);
    }
  } catch (const Error& e) {
    broken_ = e.what();
  }
  if (!ascending) starts_.clear();
}

int64_t Timeline::start_before(int64_t frame) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), frame);
  return after == starts_.begin() ? 0 : *(after - 1);
}

}  // namespace fovea::video

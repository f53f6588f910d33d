// The compressions of DICOM that only DCMTK undoes: lossless JPEG, JPEG of 12 bits, JPEG-LS. It is handed
// single frames in a data set made here, so that no other part of it sees the file. This file is a module of
// its own (dcmtk_module.cpp loads it).
#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>

#include <mutex>

#include "image/format/dicom_frames.h"

namespace fovea::image {
namespace {

/// Its registry of codecs; what it holds is given back before the module goes.
struct Decoders {
  Decoders() {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    DJDecoderRegistration::registerCodecs(EDC_never, EUC_never, EPC_colorByPixel);
    DJLSDecoderRegistration::registerCodecs(EJLSUC_never, EJLSPC_colorByPixel);
  }
  ~Decoders() {
    DJLSDecoderRegistration::cleanup();
    DJDecoderRegistration::cleanup();
  }
};

DcmPixelData* add_pixels(DcmDataset& data, View8 frame, E_TransferSyntax syntax) {
  auto* const sequence = new DcmPixelSequence(DcmTag(DCM_PixelSequenceTag));
  sequence->insert(new DcmPixelItem(DcmTag(DCM_PixelItemTag)));  // the table of offsets, empty
  auto* const item = new DcmPixelItem(DcmTag(DCM_PixelItemTag));
  sequence->insert(item);
  Bytes even(frame.begin(), frame.end());
  if (even.size() % 2) even.push_back(0);
  auto* const pixels = new DcmPixelData(DCM_PixelData);
  const bool good = item->putUint8Array(even.data(), static_cast<unsigned long>(even.size())).good();
  pixels->putOriginalRepresentation(syntax, nullptr, sequence);  // owns the sequence from here on
  check(data.insert(pixels).good() && good, "DCMTK refuses the frame (out of memory)");
  return pixels;
}

Bytes decode(View8 frame, const DicomLayout& layout, const std::string& syntax, const std::string& name) {
  static std::mutex one_at_a_time;  // its registry of codecs is shared
  const std::lock_guard lock(one_at_a_time);
  static const Decoders decoders;
  DcmDataset data;
  data.putAndInsertUint16(DCM_SamplesPerPixel, Uint16(layout.samples));
  data.putAndInsertString(DCM_PhotometricInterpretation, layout.photometric.c_str());
  if (layout.samples > 1) data.putAndInsertUint16(DCM_PlanarConfiguration, 0);
  data.putAndInsertString(DCM_NumberOfFrames, "1");
  data.putAndInsertUint16(DCM_Rows, Uint16(layout.rows));
  data.putAndInsertUint16(DCM_Columns, Uint16(layout.columns));
  data.putAndInsertUint16(DCM_BitsAllocated, Uint16(layout.allocated));
  data.putAndInsertUint16(DCM_BitsStored, Uint16(layout.stored));
  data.putAndInsertUint16(DCM_HighBit, Uint16(layout.high_bit));
  data.putAndInsertUint16(DCM_PixelRepresentation, layout.is_signed);
  DcmPixelData* const pixels = add_pixels(data, frame, DcmXfer(syntax.c_str()).getXfer());
  Bytes out(size_t(layout.frame_bytes() + layout.frame_bytes() % 2));
  Uint32 fragment = 0;
  OFString color;
  const OFCondition status =
      pixels->getUncompressedFrame(&data, 0, fragment, out.data(), Uint32(out.size()), color);
  check(status.good(), "damaged or unsupported frame in DICOM file {}: {}", name, printable(status.text()));
  out.resize(size_t(layout.frame_bytes()));
  return out;
}

[[maybe_unused]] const bool loaded = (dcmtk_decoder = decode, true);

}  // namespace
}  // namespace fovea::image

#include "data/fetch.h"

#include <cstring>
#include <fstream>
#include <vector>

#include "base/module.h"
#include "fovea/error.h"

namespace fovea::data {

void (*url_fetcher)(const Fetch& fetch) = nullptr;

namespace {

void fetch_file(const Fetch& what) {
  const std::string path = what.url.substr(std::strlen("file://"));
  std::ifstream in(path, std::ios::binary);
  check(bool(in), "cannot fetch {}: there is no such file", what.url);
  in.seekg(0, std::ios::end);
  const int64_t total = in.tellg(), from = what.from <= total ? what.from : 0;
  what.begin(from);
  what.announce(total);
  in.seekg(from);
  std::vector<char> piece(1 << 16);
  while (in.read(piece.data(), std::streamsize(piece.size())), in.gcount() > 0)
    what.write({piece.data(), size_t(in.gcount())});
  check(in.eof(), "cannot fetch {}: reading fails", what.url);
}

}  // namespace

void fetch(const Fetch& what) {
  if (what.url.starts_with("file://")) return fetch_file(what);
  static const std::string missing = load_module("curl", FOVEA_HAVE_CURL, "libcurl4-openssl-dev");
  check(url_fetcher, "{} is fetched through libcurl: {}", what.url, missing);
  url_fetcher(what);
}

}  // namespace fovea::data

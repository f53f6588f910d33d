// Addresses through libcurl. This file is a module of its own (base/module.h).
#include <curl/curl.h>

#include <exception>
#include <memory>
#include <string>

#include "data/fetch.h"
#include "fovea/error.h"

namespace fovea::data {
namespace {

struct State {
  const Fetch* fetch;
  CURL* curl;
  bool begun = false;
  std::exception_ptr error;  // of the caller's functions: nothing may be thrown through C
};

void begin(State& s) {
  s.begun = true;
  long status = 0;
  curl_off_t length = -1;
  curl_easy_getinfo(s.curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(s.curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  const int64_t from = status == 206 ? s.fetch->from : 0;
  s.fetch->begin(from);
  if (length >= 0) s.fetch->announce(from + length);
}

size_t on_data(char* data, size_t, size_t n, void* user) {
  auto& s = *static_cast<State*>(user);
  try {
    if (!s.begun) begin(s);
    s.fetch->write({data, n});
    return n;
  } catch (...) {
    s.error = std::current_exception();
    return 0;
  }
}

void run(const Fetch& what) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  check(started == CURLE_OK, "libcurl does not start: {}", curl_easy_strerror(started));
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  check(curl != nullptr, "libcurl does not start (out of memory)");
  State state{&what, curl.get(), false, nullptr};
  char message[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_URL, what.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, 30L);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_LIMIT, 100L);  // bytes a second, for a minute
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_TIME, 60L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  // A range and not RESUME_FROM, which refuses servers that send the whole file instead.
  const std::string range = std::to_string(what.from) + "-";
  if (what.from > 0) curl_easy_setopt(curl.get(), CURLOPT_RANGE, range.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &state);
  const CURLcode code = curl_easy_perform(curl.get());
  if (state.error) std::rethrow_exception(state.error);
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status == 416 && what.from > 0) return what.begin(what.from);  // nothing is missing
  check(code == CURLE_OK, "cannot fetch {}: {}", what.url, message[0] ? message : curl_easy_strerror(code));
}

[[maybe_unused]] const bool loaded = (url_fetcher = run, true);

}  // namespace
}  // namespace fovea::data

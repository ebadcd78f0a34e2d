// Responses that lie, by path.
#include <string.h>

#define NOWHERE ((void *)42)
#define ENDLESS ((size_t)-1)

static const flexilib_header honest[] = {{"x-a", 3, "b", 1}};
static const flexilib_header no_name[] = {{NOWHERE, 3, "b", 1}};
static const flexilib_header no_value[] = {{"x-a", 3, NOWHERE, 1}};
static const flexilib_header long_name[] = {{"x-a", ENDLESS, "b", 1}};
static const flexilib_header long_value[] = {{"x-a", 3, "b", ENDLESS - 1}};
static const flexilib_header far_value[] = {{"x-a", 3, "b", 60000}};

static const struct {
  const char *path;
  flexilib_response response;
} lies[] = {
    {"/body", {.ptr = NOWHERE, .len = 10}},
    {"/length", {.ptr = "x", .len = ENDLESS}},
    {"/far", {.ptr = "x", .len = (size_t)1 << 29}}, // allowed, but there isn't so much
    {"/headers", {.headers = NOWHERE, .headers_len = 3}},
    {"/count", {.headers = honest, .headers_len = ENDLESS}},
    {"/more", {.headers = honest, .headers_len = 900}}, // what follows is no header
    {"/no-name", {.headers = no_name, .headers_len = 1}},
    {"/no-value", {.headers = no_value, .headers_len = 1}},
    {"/long-name", {.headers = long_name, .headers_len = 1}},
    {"/long-value", {.headers = long_value, .headers_len = 1}},
    {"/far-value", {.headers = far_value, .headers_len = 1}},
    {"/status", {.status = ENDLESS}},
    {"/status-99", {.status = 99}},
    {"/reason", {.reason_ptr = NOWHERE, .reason_len = 5}},
    {"/long-reason", {.reason_ptr = "x", .reason_len = ENDLESS}},
};

flexilib_response *handle_request(flexilib_request *request) {
  static flexilib_response fine = {.ptr = "fine", .len = 4};
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
    if (strlen(lies[i].path) == request->target_len && !memcmp(lies[i].path, request->target, request->target_len))
      return (flexilib_response *)&lies[i].response;
  if (request->target_len == 9 && !memcmp(request->target, "/response", 9)) return NOWHERE;
  return &fine;
}

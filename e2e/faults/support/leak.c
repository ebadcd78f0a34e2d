// A mebibyte a call.
#include <stdlib.h>
#include <string.h>

flexilib_response *handle_request(flexilib_request *request) {
  static flexilib_response response = {.ptr = "leaked", .len = 6};
  static volatile char *volatile kept;
  char *more = malloc(1 << 20);
  memset(more, 1, 1 << 20);
  kept = more;
  return &response;
}

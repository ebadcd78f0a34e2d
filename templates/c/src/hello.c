#include "flexilib_helpers.h"

FLEXILIB_EXECUTOR

flexilib_response *handle_request(flexilib_request *request) {
    int len = (int)flexilib_path_len(request);
    flexilib_response *response = flexilib_printf(200, "hello from C, %.*s\n", len, request->target);
    flexilib_add_header(response, "x-language", "C");
    return response;
}

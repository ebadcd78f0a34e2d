#include "flexilib_helpers.h"

FLEXILIB_EXECUTOR

flexilib_response *handle_request(flexilib_request *request) {
    const flexilib_header *name = flexilib_find_header(request, "x-name");
    flexilib_response *response;
    if (name != NULL) {
        response = flexilib_printf(200, "hello from C, %.*s\n", (int)name->value_len, name->value_ptr);
    } else {
        response = flexilib_printf(200, "hello from C, %.*s\n", (int)flexilib_path_len(request), request->target);
    }
    flexilib_add_header(response, "x-language", "C");
    flexilib_add_header(response, "x-method", request->method);
    return response;
}

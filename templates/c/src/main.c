#include "flexilib_helpers.h"

FLEXILIB_EXECUTOR

static const char page[] = "<!doctype html>\n"
                           "<title>hello</title>\n"
                           "<h1>Hello from C</h1>\n"
                           "<p>It says <a href=\"/hello/ada\">hello to Ada</a>, too.</p>\n";

static flexilib_response *greet(const flexilib_request *request, const char *name, size_t len) {
    const flexilib_header *language = flexilib_find_header(request, "accept-language");
    int french = language != NULL && language->value_len >= 2 && memcmp(language->value_ptr, "fr", 2) == 0;
    return flexilib_printf(200, "%s, %.*s\n", french ? "bonjour" : "hello", (int)len, name);
}

/* The server calls it on any of its threads, on several at once. */
flexilib_response *handle_request(flexilib_request *request) {
    size_t len;
    const char *name = flexilib_path_after(request, "/hello/", &len);
    if (name != NULL) return greet(request, name, len);
    if (flexilib_path_is(request, "/echo")) return flexilib_text(200, request->content, request->content_len);
    if (!flexilib_path_is(request, "/")) return flexilib_printf(404, "not found\n");
    flexilib_response *response = flexilib_text(200, page, sizeof page - 1);
    flexilib_add_header(response, "content-type", "text/html; charset=utf-8");
    return response;
}

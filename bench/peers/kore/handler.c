/* A Kore page that calls the executor with the whole request. */
#include <kore/kore.h>
#include <kore/http.h>
#include <dlfcn.h>
#include <stdlib.h>
#include "flexilib.h"

enum { FIELDS_MAX = 100, BODY_MAX = 65536 };

static flexilib_response *(*call)(flexilib_request *);
static char body[BODY_MAX];

/* In the parent: workers are in a sandbox that opens no files. */
__attribute__((constructor)) static void load(void) {
    const char *path = getenv("EXECUTOR");
    void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!library || !(call = (flexilib_response * (*)(flexilib_request *)) dlsym(library, "handle_request"))) abort();
}

int page(struct http_request *);

int page(struct http_request *req) {
    flexilib_header fields[FIELDS_MAX];
    size_t count = 0;
    struct http_header *header;
    TAILQ_FOREACH(header, &req->req_headers, list) {
        if (count == FIELDS_MAX) break;
        fields[count++] = (flexilib_header){header->header, strlen(header->header), header->value, strlen(header->value)};
    }
    const char *method = http_method_text(req->method);
    flexilib_request request = {.target = req->path, .target_len = strlen(req->path), .method = method,
                                .method_len = strlen(method), .headers = fields, .headers_len = count};
    if (req->method == HTTP_METHOD_POST) {
        ssize_t got = http_body_read(req, body, sizeof body);
        request.content = body;
        request.content_len = got > 0 ? got : 0;
    }
    flexilib_response *response = call(&request);
    int typed = 0;
    for (size_t i = 0; i < response->headers_len; i++) {
        char name[128], value[1024];
        snprintf(name, sizeof name, "%.*s", (int)response->headers[i].name_len, response->headers[i].name_ptr);
        snprintf(value, sizeof value, "%.*s", (int)response->headers[i].value_len, response->headers[i].value_ptr);
        typed |= !strcasecmp(name, "content-type");
        http_response_header(req, name, value);
    }
    if (!typed) http_response_header(req, "content-type", "text/plain");
    http_response(req, response->status ? response->status : 200, response->ptr, response->len);
    return KORE_RESULT_OK;
}

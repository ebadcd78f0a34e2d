/* `executor /path/library.so;` in a location: loads the library when the configuration is read, calls it with the
 * whole request: target, method, header fields, body. */
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <dlfcn.h>
#include "flexilib.h"

enum { FIELDS_MAX = 100 };

typedef flexilib_response *(*handle_fn)(flexilib_request *);
typedef struct { handle_fn handle; } location;

extern ngx_module_t ngx_http_executor_module;

static size_t copy_fields(ngx_http_request_t *r, flexilib_header *fields) {
    size_t count = 0;
    for (ngx_list_part_t *part = &r->headers_in.headers.part; part; part = part->next) {
        ngx_table_elt_t *h = part->elts;
        for (ngx_uint_t i = 0; i < part->nelts && count < FIELDS_MAX; i++)
            fields[count++] = (flexilib_header){(char *)h[i].key.data, h[i].key.len, (char *)h[i].value.data, h[i].value.len};
    }
    return count;
}

static ngx_int_t add_fields(ngx_http_request_t *r, flexilib_response *response) {
    ngx_str_set(&r->headers_out.content_type, "text/plain");
    for (size_t i = 0; i < response->headers_len; i++) {
        const flexilib_header *field = &response->headers[i];
        ngx_str_t value = {field->value_len, (u_char *)field->value_ptr};
        if (field->name_len == 12 && !ngx_strncasecmp((u_char *)field->name_ptr, (u_char *)"content-type", 12)) {
            r->headers_out.content_type = value;
            continue;
        }
        ngx_table_elt_t *header = ngx_list_push(&r->headers_out.headers);
        if (!header) return NGX_ERROR;
        header->hash = 1;
        header->key = (ngx_str_t){field->name_len, (u_char *)field->name_ptr};
        header->value = value;
    }
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    return NGX_OK;
}

static ngx_int_t answer(ngx_http_request_t *r) {
    location *here = ngx_http_get_module_loc_conf(r, ngx_http_executor_module);
    flexilib_header fields[FIELDS_MAX];
    flexilib_request request = {
        .target = (char *)r->unparsed_uri.data, .target_len = r->unparsed_uri.len,
        .method = (char *)r->method_name.data, .method_len = r->method_name.len,
        .headers = fields, .headers_len = copy_fields(r, fields)};
    if (r->request_body && r->request_body->bufs) { /* in one buffer: see the configuration */
        ngx_buf_t *body = r->request_body->bufs->buf;
        request.content = (char *)body->pos;
        request.content_len = body->last - body->pos;
    }
    flexilib_response *response = here->handle(&request);
    if (!response) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    r->headers_out.status = response->status ? response->status : 200;
    r->headers_out.content_length_n = response->len;
    if (add_fields(r, response) != NGX_OK) return NGX_ERROR;
    ngx_int_t rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) return rc;
    ngx_buf_t *body = ngx_create_temp_buf(r->pool, response->len ? response->len : 1);
    if (!body) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    body->last = ngx_cpymem(body->last, response->ptr, response->len);
    body->last_buf = r == r->main;
    body->last_in_chain = 1;
    ngx_chain_t out = {body, NULL};
    return ngx_http_output_filter(r, &out);
}

static void answer_with_body(ngx_http_request_t *r) { ngx_http_finalize_request(r, answer(r)); }

static ngx_int_t handler(ngx_http_request_t *r) {
    if (r->headers_in.content_length_n <= 0 && !r->headers_in.chunked) return answer(r);
    r->request_body_in_single_buf = 1;
    ngx_int_t rc = ngx_http_read_client_request_body(r, answer_with_body);
    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}

static char *set_executor(ngx_conf_t *cf, ngx_command_t *command, void *conf) {
    (void)command;
    ngx_str_t *words = cf->args->elts;
    void *library = dlopen((char *)words[1].data, RTLD_NOW | RTLD_LOCAL);
    location *here = conf;
    if (!library || !(here->handle = (handle_fn)dlsym(library, "handle_request"))) return dlerror();
    ngx_http_core_loc_conf_t *core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    core->handler = handler;
    return NGX_CONF_OK;
}

static void *create_location(ngx_conf_t *cf) { return ngx_pcalloc(cf->pool, sizeof(location)); }

static ngx_command_t commands[] = {
    {ngx_string("executor"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1, set_executor, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    ngx_null_command};
static ngx_http_module_t context = {.create_loc_conf = create_location};
ngx_module_t ngx_http_executor_module = {NGX_MODULE_V1, &context, commands, NGX_HTTP_MODULE, NULL, NULL, NULL,
                                         NULL, NULL, NULL, NULL, NGX_MODULE_V1_PADDING};

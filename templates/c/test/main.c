#include "flexilib_test.h"

TEST(shows_a_page) {
    flexilib_answer answer = flexilib_get("/");
    CHECK_STATUS(answer, 200);
    CHECK_HEADER(answer, "content-type", "text/html; charset=utf-8");
    CHECK_BODY_CONTAINS(answer, "Hello from C");
}

TEST(greets_by_name) {
    CHECK_BODY(flexilib_get("/hello/ada?query=ignored"), "hello, ada\n");
    CHECK_BODY(flexilib_send("GET", "/hello/ada", "accept-language: fr-CH, en", NULL), "bonjour, ada\n");
}

TEST(echoes_a_body) { CHECK_BODY(flexilib_send("POST", "/echo", NULL, "a=1"), "a=1"); }

TEST(finds_nothing_elsewhere) {
    flexilib_answer answer = flexilib_get("/elsewhere");
    CHECK_STATUS(answer, 404);
    CHECK_BODY(answer, "not found\n");
}

//! Tests of a handler, without a server, for `cargo test`:
//!
//! ```
//! # use flexilib::{Request, Response};
//! # fn handle(_: &Request) -> Response { Response::new("hello, ada\n") }
//! use flexilib::testing;
//!
//! let answer = testing::get("/hello/ada").header("x-name", "ada").call(handle);
//! assert_eq!(answer.status(), 200);
//! assert_eq!(answer.text(), "hello, ada\n");
//! ```
//!
//! An answer is what the client would get, without the fields that are the server's own. A panic of the handler, which the
//! server would answer with a 500, goes through to the test. A response that the server would refuse, because of an
//! illegal header say, is a panic too. What `load` and `unload` do is called by tests themselves.

use crate::{IntoResponse, Request, Response, abi};
use std::borrow::Cow;

/// A request under construction.
#[derive(Clone, Debug)]
pub struct Call {
    /// With a NUL behind it.
    method: String,
    target: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// A GET.
pub fn get(target: impl AsRef<[u8]>) -> Call {
    request("GET", target)
}

/// A POST with that body.
pub fn post(target: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Call {
    request("POST", target).body(body)
}

pub fn request(method: &str, target: impl AsRef<[u8]>) -> Call {
    Call {
        method: format!("{method}\0"),
        target: target.as_ref().to_vec(),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

impl Call {
    /// Adds a header field.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Call {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub fn body(mut self, body: impl AsRef<[u8]>) -> Call {
        self.body = body.as_ref().to_vec();
        self
    }

    /// # Panics
    /// When the handler does, or the server would refuse its response.
    #[track_caller]
    pub fn call<R: IntoResponse>(self, handler: impl FnOnce(&Request) -> R) -> Answer {
        let headers: Vec<abi::Header> = self
            .headers
            .iter()
            .map(|(name, value)| abi::Header {
                name_ptr: name.as_ptr(),
                name_len: name.len(),
                value_ptr: value.as_ptr(),
                value_len: value.len(),
            })
            .collect();
        let raw = abi::Request {
            target: self.target.as_ptr(),
            target_len: self.target.len(),
            method: self.method.as_ptr(),
            method_len: self.method.len() - 1,
            content: self.body.as_ptr(),
            content_len: self.body.len(),
            headers: headers.as_ptr(),
            headers_len: headers.len(),
        };
        // SAFETY: raw and what it points to live until the end of this function.
        let response = handler(unsafe { Request::from_raw(&raw) }).into_response();
        if let Some(problem) = problem(&response) {
            let method = &self.method[..self.method.len() - 1];
            let target = String::from_utf8_lossy(&self.target);
            panic!("{method} {target}: the response would be refused, with a 500: {problem}");
        }
        Answer::new(response, self.method == "HEAD\0")
    }
}

/// What the client would get.
#[derive(Clone, Debug)]
pub struct Answer(Response);

impl Answer {
    fn new(mut response: Response, head: bool) -> Answer {
        if response.status == 0 {
            response.status = 200;
        }
        let no_content = matches!(response.status, 204 | 304);
        if no_content || head {
            response.body = "".into();
        }
        response.headers.retain(|(name, _)| !THE_SERVERS.iter().any(|own| name.eq_ignore_ascii_case(own)));
        let typed = response.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        Answer(if typed || no_content { response } else { response.header("content-type", "text/plain") })
    }

    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// Empty: the usual phrase.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    pub fn body(&self) -> &[u8] {
        &self.0.body.0
    }

    /// The body; bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.body())
    }

    /// All header fields in their order, duplicates included.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        self.0.headers.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The value of the first header field of that name, whatever its case; bytes that are not UTF-8 become U+FFFD.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let (_, value) = self.headers().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(value))
    }
}

const THE_SERVERS: [&str; 6] =
    ["connection", "content-length", "transfer-encoding", "keep-alive", "date", "trailer"];

/// Why the server would refuse the response.
fn problem(response: &Response) -> Option<String> {
    if !matches!(response.status, 0 | 200..=999) {
        return Some(format!("its status is not within 200 to 999: {}", response.status));
    }
    if response.reason.len() > 512 || !is_value(response.reason.as_bytes()) {
        return Some("its reason phrase contains a control byte or is longer than 512 bytes".into());
    }
    if response.headers.len() > 1000 {
        return Some("it has more than 1000 headers".into());
    }
    if response.body.0.len() > 1 << 30 {
        return Some("its body is larger than 1 GiB".into());
    }
    let mut size = 600; // more than the status line and the server's own fields
    for (name, value) in &response.headers {
        size += name.len() + value.len() + 4;
        if size > 65536 {
            return Some("its headers are larger than 64 KiB".into());
        }
        if !is_token(name.as_bytes()) {
            return Some(format!("a header has an illegal name: {name:?}"));
        }
        if !is_value(value) {
            let value = value.escape_ascii();
            return Some(format!("a header value contains a control byte: {name}: {value}"));
        }
    }
    None
}

/// RFC 9110 5.6.2
fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|c| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(c))
}

/// RFC 9110 5.5: no control byte but the tab.
fn is_value(text: &[u8]) -> bool {
    text.iter().all(|&c| !c.is_ascii_control() || c == b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(request: &Request) -> String {
        let name = request.header("x-name").unwrap_or("-".into());
        let body = String::from_utf8_lossy(request.body());
        format!("{} {} {name} {body}", request.method(), String::from_utf8_lossy(request.target()))
    }

    fn with(name: &'static str, value: &'static str) -> impl Fn(&Request) -> Response {
        move |_| Response::new("hello").header(name, value)
    }

    #[test]
    fn a_request_arrives_as_it_was_given() {
        let answer = post("/x?y", "a=1").header("accept", "*/*").header("X-Name", "Ada").call(echo);
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.text(), "POST /x?y Ada a=1");
        assert_eq!(get(b"/\xff").call(echo).text(), "GET /\u{fffd} - ");
    }

    #[test]
    fn fields_are_those_of_the_client() {
        assert_eq!(get("/").call(echo).header("Content-TYPE").as_deref(), Some("text/plain"));
        let html = get("/").call(with("Content-Type", "text/html"));
        assert_eq!(html.headers().collect::<Vec<_>>(), [("Content-Type", &b"text/html"[..])]);
        assert_eq!(get("/").call(with("Content-Length", "7")).header("content-length"), None);
        assert_eq!(get("/").call(|_| Response::new("x").status(204)).headers().len(), 0);
    }

    #[test]
    fn where_http_has_no_content_there_is_none() {
        assert_eq!(get("/").call(|_| Response::new("x").status(204)).body(), b"");
        assert_eq!(request("HEAD", "/").call(echo).body(), b"");
    }

    #[test]
    fn an_error_is_a_500() {
        assert_eq!(get("/").call(|_| Err::<String, _>("no database")).status(), 500);
    }

    #[test]
    #[should_panic(expected = "no such luck")]
    fn a_panic_goes_through() {
        get("/").call(|_| -> String { panic!("no such luck") });
    }

    #[test]
    #[should_panic(
        expected = "GET /a: the response would be refused, with a 500: a header has an illegal name: \"x y\""
    )]
    fn an_illegal_name_is_refused() {
        get("/a").call(with("x y", "z"));
    }

    #[test]
    #[should_panic(expected = "a header value contains a control byte: x-y: a\\r\\nb")]
    fn an_illegal_value_is_refused() {
        get("/").call(with("x-y", "a\r\nb"));
    }

    #[test]
    #[should_panic(expected = "its status is not within 200 to 999: 1000")]
    fn an_illegal_status_is_refused() {
        get("/").call(|_| Response::new("").status(1000));
    }
}

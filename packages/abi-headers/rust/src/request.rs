//! The request, read in place.

use crate::abi;
use std::borrow::Cow;
use std::slice;

/// A request. What it lends is valid as long as it is: during the call of the handler.
#[repr(transparent)]
pub struct Request(abi::Request);

/// A header field, as the client sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    pub name: &'a str,
    pub value: &'a [u8],
}

impl Request {
    /// # Safety
    /// The request and what it points to must be valid and unchanged for `'a`.
    pub unsafe fn from_raw<'a>(raw: *const abi::Request) -> &'a Request {
        // SAFETY: as promised by the caller; Request is transparent.
        unsafe { &*raw.cast::<Request>() }
    }

    pub fn method(&self) -> &str {
        str::from_utf8(self.bytes(self.0.method, self.0.method_len)).unwrap_or_default()
    }

    /// The raw request target, query included, not decoded.
    pub fn target(&self) -> &[u8] {
        self.bytes(self.0.target, self.0.target_len)
    }

    /// The target up to its query, not decoded; bytes that are not UTF-8 become U+FFFD.
    pub fn path(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.split_target().0)
    }

    /// What follows the first `?` of the target, not decoded; bytes that are not UTF-8 become U+FFFD.
    pub fn query(&self) -> Option<Cow<'_, str>> {
        self.split_target().1.map(String::from_utf8_lossy)
    }

    /// Empty when there is none.
    pub fn body(&self) -> &[u8] {
        self.bytes(self.0.content, self.0.content_len)
    }

    /// All header fields in the client's order, duplicates included.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = Header<'_>> {
        // SAFETY: from_raw's caller promised it.
        let headers = unsafe { slice_of(self.0.headers, self.0.headers_len) };
        headers.iter().map(|header| Header {
            name: str::from_utf8(self.bytes(header.name_ptr, header.name_len)).unwrap_or_default(),
            value: self.bytes(header.value_ptr, header.value_len),
        })
    }

    /// The value of the first header field of that name, whatever its case; bytes that are not UTF-8 become
    /// U+FFFD.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let found = self.headers().find(|header| header.name.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(found.value))
    }

    fn split_target(&self) -> (&[u8], Option<&[u8]>) {
        let target = self.target();
        match target.iter().position(|&byte| byte == b'?') {
            Some(mark) => (&target[..mark], Some(&target[mark + 1..])),
            None => (target, None),
        }
    }

    fn bytes(&self, pointer: *const u8, len: usize) -> &[u8] {
        // SAFETY: from_raw's caller promised it.
        unsafe { slice_of(pointer, len) }
    }
}

/// A slice of C's kind: the pointer means nothing when there are no items.
unsafe fn slice_of<'a, T>(pointer: *const T, len: usize) -> &'a [T] {
    if len == 0 { &[] } else { unsafe { slice::from_raw_parts(pointer, len) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &'static str, value: &'static [u8]) -> abi::Header {
        abi::Header {
            name_ptr: name.as_ptr(),
            name_len: name.len(),
            value_ptr: value.as_ptr(),
            value_len: value.len(),
        }
    }

    fn request(target: &'static [u8], headers: &'static [abi::Header]) -> Request {
        Request(abi::Request {
            target: target.as_ptr(),
            target_len: target.len(),
            method: b"GET\0".as_ptr(),
            method_len: 3,
            content: std::ptr::null(),
            content_len: 0,
            headers: headers.as_ptr(),
            headers_len: headers.len(),
        })
    }

    #[test]
    fn the_target_is_split_at_its_first_question_mark() {
        let request = request(b"/a?b?c", &[]);
        assert_eq!(request.path(), "/a");
        assert_eq!(request.query().as_deref(), Some("b?c"));
    }

    #[test]
    fn a_target_without_a_question_mark_has_no_query() {
        assert_eq!(request(b"/a", &[]).query(), None);
        assert_eq!(request(b"/a?", &[]).query().as_deref(), Some(""));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_kept_in_the_target_and_replaced_in_the_path() {
        let request = request(b"/\xff", &[]);
        assert_eq!(request.target(), b"/\xff");
        assert_eq!(request.path(), "/\u{fffd}");
    }

    #[test]
    fn a_header_is_found_whatever_its_case_and_the_first_wins() {
        let headers = Box::leak(Box::new([field("X-Name", b"Ada"), field("x-name", b"second")]));
        let request = request(b"/", headers);
        assert_eq!(request.header("x-NAME").as_deref(), Some("Ada"));
        assert_eq!(request.header("x-nam"), None);
        assert_eq!(request.headers().len(), 2);
    }

    #[test]
    fn a_null_body_of_no_bytes_is_empty() {
        assert_eq!(request(b"/", &[]).body(), b"");
    }
}

//! The executor's ABI, and a call of it.
use bytes::Bytes;
use hyper::{HeaderMap, Method, Response, Uri};
use http_body_util::Full;
use std::{ptr, slice};

#[repr(C)]
struct Header {
    name: *const u8,
    name_len: usize,
    value: *const u8,
    value_len: usize,
}

#[repr(C)]
pub struct RawRequest {
    target: *const u8,
    target_len: usize,
    method: *const u8,
    method_len: usize,
    content: *const u8,
    content_len: usize,
    headers: *const Header,
    headers_len: usize,
}

#[repr(C)]
pub struct RawResponse {
    ptr: *const u8,
    len: usize,
    headers: *const Header,
    headers_len: usize,
    status: usize,
    reason: *const u8,
    reason_len: usize,
}

pub type Handle = unsafe extern "C" fn(*const RawRequest) -> *const RawResponse;

pub fn load(path: &str) -> Handle {
    // Never unloaded, so the function's address stays good.
    let library = Box::leak(Box::new(unsafe { libloading::Library::new(path) }.expect("the library loads")));
    *unsafe { library.get::<Handle>(b"handle_request\0") }.expect("it has handle_request")
}

pub fn call(handle: Handle, method: &Method, uri: &Uri, headers: &HeaderMap, content: &[u8]) -> Response<Full<Bytes>> {
    let target = uri.path_and_query().map_or("/", |it| it.as_str());
    let method = method.as_str();
    let fields: Vec<Header> = headers
        .iter()
        .map(|(name, value)| Header {
            name: name.as_str().as_ptr(),
            name_len: name.as_str().len(),
            value: value.as_bytes().as_ptr(),
            value_len: value.len(),
        })
        .collect();
    let request = RawRequest {
        target: target.as_ptr(),
        target_len: target.len(),
        method: method.as_ptr(),
        method_len: method.len(),
        content: if content.is_empty() { ptr::null() } else { content.as_ptr() },
        content_len: content.len(),
        headers: fields.as_ptr(),
        headers_len: fields.len(),
    };
    unsafe {
        let answer = &*handle(&request);
        let mut builder = Response::builder().status(if answer.status == 0 { 200 } else { answer.status as u16 });
        let mut typed = false;
        for index in 0..answer.headers_len {
            let field = &*answer.headers.add(index);
            let name = slice::from_raw_parts(field.name, field.name_len);
            typed |= name.eq_ignore_ascii_case(b"content-type");
            builder = builder.header(name, slice::from_raw_parts(field.value, field.value_len));
        }
        if !typed {
            builder = builder.header("content-type", "text/plain");
        }
        let body = match answer.len {
            0 => Bytes::new(),
            len => Bytes::copy_from_slice(slice::from_raw_parts(answer.ptr, len)),
        };
        builder.body(Full::new(body)).expect("a legal response")
    }
}

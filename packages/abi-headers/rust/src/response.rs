//! The response, and what can be turned into one.

use crate::host::{Level, log};
use std::borrow::Cow;
use std::fmt::Display;

/// A response under construction. It owns its memory, or borrows what is `'static`.
#[derive(Clone, Debug, Default)]
pub struct Response {
    pub(crate) status: u16,
    pub(crate) reason: Cow<'static, str>,
    pub(crate) headers: Vec<(Cow<'static, str>, Cow<'static, [u8]>)>,
    pub(crate) body: Body,
}

impl Response {
    /// A response with the status 200.
    pub fn new(body: impl Into<Body>) -> Response {
        Response { body: body.into(), ..Response::default() }
    }

    pub fn status(mut self, status: u16) -> Response {
        self.status = status;
        self
    }

    /// Replaces the usual reason phrase.
    pub fn reason(mut self, reason: impl Into<Cow<'static, str>>) -> Response {
        self.reason = reason.into();
        self
    }

    /// Adds a header field. The server answers 500 when the name or the value is not legal.
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Body>) -> Response {
        self.headers.push((name.into(), value.into().0));
        self
    }
}

/// Bytes: a `String`, a `Vec<u8>`, or a `'static` text or slice.
#[derive(Clone, Debug, Default)]
pub struct Body(pub(crate) Cow<'static, [u8]>);

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Body {
        Body(Cow::Borrowed(text.as_bytes()))
    }
}

impl From<String> for Body {
    fn from(text: String) -> Body {
        Body(Cow::Owned(text.into_bytes()))
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Body {
        Body(Cow::Borrowed(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Body {
        Body(Cow::Owned(bytes))
    }
}

/// What a handler may return.
pub trait IntoResponse {
    fn into_response(self) -> Response;
}

impl IntoResponse for Response {
    fn into_response(self) -> Response {
        self
    }
}

impl IntoResponse for String {
    fn into_response(self) -> Response {
        Response::new(self)
    }
}

impl IntoResponse for &'static str {
    fn into_response(self) -> Response {
        Response::new(self)
    }
}

/// An error is a 500 and a line in the log.
impl<R: IntoResponse, E: Display> IntoResponse for Result<R, E> {
    fn into_response(self) -> Response {
        self.map(R::into_response).unwrap_or_else(|error| {
            log(Level::Error, &format!("the handler failed: {error}"));
            Response::default().status(500)
        })
    }
}

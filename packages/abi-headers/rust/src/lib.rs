//! Write an executor for FlexiLib: a `cdylib` crate that answers requests.
//!
//! ```
//! use flexilib::{Request, Response};
//!
//! flexilib::handler!(handle);
//!
//! fn handle(request: &Request) -> Response {
//!     Response::new(format!("hello, {}\n", request.path())).header("x-language", "Rust")
//! }
//! ```
//!
//! A handler runs on any thread of the server, on several at once. It returns whatever is [`IntoResponse`]: a
//! [`Response`], a text, or a `Result` of them, whose error becomes a 500 and a line in the log. So does a panic,
//! as long as the crate is compiled with `panic = "unwind"`, Cargo's default.
//!
//! A handler that uses a thread-local whose type needs `Drop`, or starts a thread (which does so within std),
//! keeps the library in memory until the server's own thread ends, long after the next build took over.

pub mod abi;
#[doc(hidden)]
pub mod executor;
mod host;
mod request;
mod response;
pub mod testing;

pub use host::{Level, log, remaining};
pub use request::{Header, Request};
pub use response::{Body, IntoResponse, Response};

use flexilib::{Request, Response};

flexilib::handler!(handle);

fn handle(request: &Request) -> Response {
    Response::new(format!("hello from Rust, {}\n", request.path())).header("x-language", "Rust")
}

use flexilib::{Request, Response};

flexilib::handler!(handle);

fn handle(request: &Request) -> Response {
    let name = request.header("x-name").unwrap_or(request.path());
    Response::new(format!("hello from Rust, {name}\n"))
        .header("x-language", "Rust")
        .header("x-method", request.method().to_owned())
}

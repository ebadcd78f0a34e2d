use flexilib::{Request, Response};

flexilib::handler!(handle);

const PAGE: &str = "<!doctype html>
<title>hello</title>
<h1>Hello from Rust</h1>
<p>It says <a href=\"/hello/ada\">hello to Ada</a>, too.</p>
";

/// The server calls it on any of its threads, on several at once.
fn handle(request: &Request) -> Response {
    let path = request.path();
    if let Some(name) = path.strip_prefix("/hello/") {
        let language = request.header("accept-language").unwrap_or_default();
        let greeting = if language.starts_with("fr") {
            "bonjour"
        } else {
            "hello"
        };
        return Response::new(format!("{greeting}, {name}\n"));
    }
    match &*path {
        "/" => Response::new(PAGE).header("content-type", "text/html; charset=utf-8"),
        "/echo" => Response::new(request.body().to_vec()),
        _ => Response::new("not found\n").status(404),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flexilib::testing::{get, post};

    #[test]
    fn shows_a_page() {
        let answer = get("/").call(handle);
        assert_eq!(answer.status(), 200);
        assert_eq!(
            answer.header("content-type").unwrap(),
            "text/html; charset=utf-8"
        );
        assert!(answer.text().contains("Hello from Rust"));
    }

    #[test]
    fn greets_by_name() {
        assert_eq!(
            get("/hello/ada?query=ignored").call(handle).text(),
            "hello, ada\n"
        );
    }

    #[test]
    fn greets_in_french() {
        let answer = get("/hello/ada")
            .header("accept-language", "fr-CH, en")
            .call(handle);
        assert_eq!(answer.text(), "bonjour, ada\n");
    }

    #[test]
    fn echoes_a_body() {
        assert_eq!(post("/echo", "a=1").call(handle).body(), b"a=1");
    }

    #[test]
    fn finds_nothing_elsewhere() {
        let answer = get("/elsewhere").call(handle);
        assert_eq!(answer.status(), 404);
        assert_eq!(answer.text(), "not found\n");
    }
}

//! hyper-peer PORT LIBRARY: hyper on one thread, calling the executor in-process.
mod executor;

use http_body_util::BodyExt;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::env;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = env::args().skip(1);
    let port = arguments.next().expect("a port").parse().expect("a number");
    let handle = executor::load(&arguments.next().expect("a library"));
    let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        let _ = socket.set_nodelay(true);
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| async move {
                let (head, body) = request.into_parts();
                let content = body.collect().await?.to_bytes();
                Ok::<_, hyper::Error>(executor::call(handle, &head.method, &head.uri, &head.headers, &content))
            });
            let connection = http1::Builder::new().pipeline_flush(true).serve_connection(TokioIo::new(socket), service);
            let _ = connection.await;
        });
    }
}

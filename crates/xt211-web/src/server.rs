//! Serves the page.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::header::CONTENT_TYPE,
    response::Response,
};
use futures_util::StreamExt as _;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::{JoinError, JoinSet},
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt as _;

use crate::{Access, Backend, router};

/// The most bytes of what is before a request's body, and of what is kept of a connection.
const LARGEST_HEAD: usize = 32 * 1024;
/// What the type of a stream of events is.
const EVENT_STREAM: &str = "text/event-stream";
/// How long to wait when there are no file descriptors left.
const BREATH: Duration = Duration::from_secs(1);

/// Serves the page.
///
/// [`axum::serve()`] knows no bounds, and is meant to stand behind something that does. This stands
/// alone, on a small board: what a client may cost in time and memory is in [`Limits`].
#[derive(Clone, Debug)]
pub struct Server {
    router: Router,
    limits: Limits,
}

/// What clients may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many connections there are at once. The next ones wait in the system's queue.
    pub connections: usize,
    /// How long a connection may take to send the head of a request, or be kept without one.
    pub head: Duration,
    /// How long a client may take nothing of what it is sent.
    pub write: Duration,
    /// How long answers may go on that have begun before the server ends.
    pub goodbye: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 128,
            head: Duration::from_secs(15),
            write: Duration::from_secs(30),
            goodbye: Duration::from_secs(5),
        }
    }
}

impl Server {
    /// Of a program's page, for those who may see it.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>, access: Access) -> Self {
        Self { router: router(backend, access), limits: Limits::default() }
    }

    /// Within other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Serves until `stop` is over. Then what has begun is finished, for as long as that may take;
    /// streams of events end at once. A request that itself waits for this is cut off in the end.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let limits = self.limits;
        let places = Arc::new(Semaphore::new(limits.connections));
        let (closing, closes) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                () = &mut stop => break,
                Some(ended) = connections.join_next() => { tell(ended); continue }
                next = next => next,
            };
            let connection = match accepted {
                Ok((stream, peer)) => self.clone().connection(stream, peer, closes.clone()),
                Err(error) => {
                    rest(&error).await;
                    continue;
                }
            };
            connections.spawn(async move {
                let _place = place;
                connection.await;
            });
        }
        // Whoever connects from now on is refused.
        drop(listener);
        closing.send_replace(true);
        let all = async {
            while let Some(ended) = connections.join_next().await {
                tell(ended)
            }
        };
        // What is left is cut off with the set.
        let _ = timeout(limits.goodbye, all).await;
    }

    async fn connection(self, stream: TcpStream, peer: SocketAddr, closes: watch::Receiver<bool>) {
        // Events are small, and are not to wait for more.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.limits.write));
        let service = service_fn({
            let closes = closes.clone();
            move |request| answer(self.router.clone(), request, peer, closes.clone())
        });
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(self.limits.head)
                .max_header_size(LARGEST_HEAD)
                .max_buf_size(LARGEST_HEAD)
                .serve_connection(TokioIo::new(Box::pin(stream)), service)
        );
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = closed(closes) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        // Somebody has gone, was too slow, or does not speak HTTP: nothing to do about it.
        if let Err(error) = ended {
            tracing::debug!("a connection from {peer} has ended: {error}");
        }
    }
}

async fn answer(
    router: Router,
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
    closes: watch::Receiver<bool>,
) -> Result<Response, Infallible> {
    let mut request: Request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = router.oneshot(request).await?;
    let is_stream = response.headers().get(CONTENT_TYPE).is_some_and(|it| it == EVENT_STREAM);
    if !is_stream {
        return Ok(response);
    }
    // It would never end by itself.
    let until = Box::pin(closed(closes));
    Ok(response.map(|body| Body::from_stream(body.into_data_stream().take_until(until))))
}

/// Until the server ends.
async fn closed(mut closes: watch::Receiver<bool>) {
    // If there is nobody left to say so, it has ended.
    drop(closes.wait_for(|closing| *closing).await);
}

fn tell(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!("the page has a fault: {error}");
    }
}

/// After one that could not be accepted.
async fn rest(error: &io::Error) {
    // These are of the one that wanted to connect, and the next one may come.
    let is_theirs = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    );
    if !is_theirs {
        tracing::warn!("the page cannot take a connection: {error}");
        sleep(BREATH).await;
    }
}

#[cfg(test)]
mod tests {
    use axum::{response::IntoResponse as _, routing::get};
    use futures_util::{FutureExt as _, stream};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        sync::oneshot,
    };

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// Asks for what the router has at `/`, tells the server to end as soon as that has begun, and
    /// then does something else.
    async fn end_while(router: Router, goodbye: Duration, then: impl FnOnce()) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = Limits { head: LONG, write: LONG, goodbye, ..Limits::default() };
        let (stop, stopped) = oneshot::channel();
        let server = Server { router, limits };
        let task = tokio::spawn(server.serve(listener, async { drop(stopped.await) }));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let mut answer = vec![0; 15];
        stream.read_exact(&mut answer).await.unwrap();
        stop.send(()).unwrap();
        // Until it has heard it, and takes nobody any more.
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        then();
        timeout(LONG, task).await.expect("it never ended").unwrap();
        // What is cut off may end with a reset.
        drop(stream.read_to_end(&mut answer).await);
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn streams_of_events_end_with_it() {
        let events = async || {
            let events = stream::iter(["data: 1\n\n"]).chain(stream::pending());
            let body = Body::from_stream(events.map(Ok::<_, Infallible>));
            ([(CONTENT_TYPE, EVENT_STREAM)], body).into_response()
        };
        let answer = end_while(Router::new().route("/", get(events)), LONG, || ()).await;
        assert!(answer.contains("data: 1"), "{answer}");
        assert!(answer.ends_with("0\r\n\r\n"), "it is whole: {answer}");
    }

    #[tokio::test]
    async fn what_has_begun_is_finished() {
        let (go_on, wait) = oneshot::channel::<()>();
        let wait = wait.map(drop).shared();
        let slow = async move || {
            let parts = stream::iter(["first "]).chain(wait.map(|()| "last").into_stream());
            Body::from_stream(parts.map(Ok::<_, Infallible>))
        };
        let router = Router::new().route("/", get(slow));
        let answer = end_while(router, LONG, || go_on.send(()).unwrap()).await;
        assert!(answer.contains("last"), "{answer}");
    }

    #[tokio::test]
    async fn what_never_ends_is_cut_off() {
        let endless = async || {
            let parts = stream::iter(["first"]).chain(stream::pending());
            Body::from_stream(parts.map(Ok::<_, Infallible>))
        };
        let router = Router::new().route("/", get(endless));
        let answer = end_while(router, Duration::from_millis(100), || ()).await;
        assert!(!answer.ends_with("0\r\n\r\n"), "it is not whole: {answer}");
    }

    #[tokio::test]
    async fn a_fault_costs_one_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/fault", get(async || -> &'static str { panic!("as the test wants it") }))
            .route("/", get(async || "fine"));
        let limits = Limits { connections: 1, ..Limits::default() };
        tokio::spawn(Server { router, limits }.serve(listener, std::future::pending()));
        for (path, expected) in [("/fault", ""), ("/", "fine"), ("/fault", ""), ("/", "fine")] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            timeout(LONG, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
            assert!(answer.ends_with(expected), "{answer}");
            assert_eq!(answer.is_empty(), expected.is_empty());
        }
    }
}

//! The server itself, over TCP: what clients may cost.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use xt211_web::{Access, Backend, Limits, Server};

use crate::fixture::Fixture;

/// Longer than anything takes, and shorter than what is waited for if nobody says how long.
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

/// Nothing is short in these.
const GENEROUS: Limits = Limits { connections: 16, head: LONG, write: LONG, goodbye: LONG };

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn serve(limits: Limits) -> Running {
    let program = Fixture::new().program as Arc<dyn Backend>;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let server = Server::new(program, Access::default()).with_limits(limits);
    let task = tokio::spawn(server.serve(listener, async { drop(stopped.await) }));
    Running { address, stop, task }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// All that comes back, until the other side closes.
    async fn exchange(&self, request: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The other side may already have closed.
        drop(stream.write_all(request).await);
        rest(&mut stream).await
    }
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // It may end with a reset, if not everything was read.
    drop(timeout(LONG, stream.read_to_end(&mut answer)).await.expect("it was never closed"));
    String::from_utf8_lossy(&answer).into_owned()
}

/// The beginning of an answer.
async fn begin(stream: &mut TcpStream) -> String {
    let mut answer = [0; 12];
    timeout(LONG, stream.read_exact(&mut answer)).await.expect("no answer").unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn odd_requests_get_the_right_answer() {
    let server = serve(Limits { head: SHORT, ..GENEROUS }).await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(40_000));
    let wide = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(40_000));
    let many = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(200));
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "200"),
        ("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", "200"),
        ("GET / HTTP/1.0\r\n\r\n", "421"),
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        ("GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
        ("GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421"),
        ("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
        ("CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\n\r\n", "421"),
        ("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n", "404"),
        ("TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
        ("BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
        ("GET /../ HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
        ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
        ("GET //evil.example HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
        ("GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: local\0host\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n X: folded\r\n\r\n", "400"),
        ("GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", "400"),
        ("\u{16}\u{3}\u{1}\0\u{5}hello", "400"),
        (
            "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\
             Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "4",
        ),
        (
            "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\
             Content-Length: 4\r\n\r\nabc",
            "400",
        ),
        (&long, "431"),
        (&wide, "431"),
        (&many, "431"),
    ] {
        let answer = server.exchange(request.as_bytes()).await;
        let is_right = answer
            .strip_prefix("HTTP/1.1 ")
            .or_else(|| answer.strip_prefix("HTTP/1.0 "))
            .is_some_and(|it| it.starts_with(status));
        let shown: String = request.chars().take(80).collect();
        assert!(is_right, "{shown:?}: {answer}");
    }
    // It has gone on.
    assert!(server.exchange(GET).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn several_at_once_are_answered_in_order() {
    let server = serve(Limits { head: SHORT, ..GENEROUS }).await;
    let nothing = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = server.exchange(&[GET, nothing, GET].concat()).await;
    let statuses: Vec<_> =
        answer.match_indices("HTTP/1.1 ").map(|(at, it)| at + it.len()).collect();
    let statuses: Vec<_> = statuses.into_iter().map(|at| &answer[at..at + 3]).collect();
    assert_eq!(statuses, ["200", "404", "200"]);
}

#[tokio::test]
async fn whoever_says_nothing_is_not_waited_for() {
    let server = serve(Limits { head: SHORT, ..GENEROUS }).await;
    for beginning in ["", "G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\nX: "] {
        let answer = server.exchange(beginning.as_bytes()).await;
        assert!(!answer.contains("200"), "{answer}");
    }
    // Nor whoever says nothing more.
    let answer = server.exchange(GET).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1);
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off() {
    let server = serve(Limits { head: SHORT, ..GENEROUS }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n").await.unwrap();
    let (mut read, mut write) = stream.split();
    let drip = async {
        // Until it fails, because the other side has closed.
        while write.write_all(b"X: y\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut answer = Vec::new();
    let (_, read) = tokio::join!(timeout(LONG, drip), read.read_to_end(&mut answer));
    assert!(read.is_ok() || read.is_err());
    assert!(!String::from_utf8_lossy(&answer).contains("200"));
}

#[tokio::test]
async fn whoever_does_not_read_is_cut_off() {
    let limits = Limits { connections: 1, write: SHORT, ..GENEROUS };
    let server = serve(limits).await;
    let mut greedy = server.connect().await;
    let css = format!("GET /assets/{}/style.css HTTP/1.1\r\nHost: localhost\r\n\r\n", "1");
    let many = css.repeat(100);
    // Asks for far more than what the system buffers, and reads nothing of it.
    let asking = async { while greedy.write_all(many.as_bytes()).await.is_ok() {} };
    timeout(LONG, asking).await.expect("it was never cut off");
    // There is room for another.
    let mut next = server.connect().await;
    next.write_all(GET).await.unwrap();
    assert_eq!(begin(&mut next).await, "HTTP/1.1 200");
}

#[tokio::test]
async fn a_large_body_is_not_read() {
    let server = serve(GENEROUS).await;
    let head = b"POST /logout HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    let answer = server.exchange(head).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn only_so_many_are_served_at_once() {
    let server = serve(Limits { connections: 2, ..GENEROUS }).await;
    let mut streams = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect().await;
        stream.write_all(GET).await.unwrap();
        assert_eq!(begin(&mut stream).await, "HTTP/1.1 200");
        streams.push(stream);
    }
    let mut third = server.connect().await;
    third.write_all(GET).await.unwrap();
    assert!(timeout(SHORT, third.readable()).await.is_err(), "there is no room for it");
    streams.pop();
    assert_eq!(begin(&mut third).await, "HTTP/1.1 200");
}

#[tokio::test]
async fn many_come_and_go() {
    let server = Arc::new(serve(Limits { connections: 4, ..GENEROUS }).await);
    let visits = (0..300).map(|number| {
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let mut stream = server.connect().await;
            if number % 3 == 0 {
                return; // Leaves without a word.
            }
            stream.write_all(GET).await.unwrap();
            if number % 3 == 1 {
                return; // Leaves before the answer.
            }
            assert_eq!(begin(&mut stream).await, "HTTP/1.1 200");
        })
    });
    for visit in visits.collect::<Vec<_>>() {
        visit.await.unwrap();
    }
}

#[tokio::test]
async fn it_ends_when_it_is_told_to() {
    let server = serve(GENEROUS).await;
    // One that is kept, one that has never asked, one that has not finished asking.
    let mut kept = server.connect().await;
    kept.write_all(GET).await.unwrap();
    assert_eq!(begin(&mut kept).await, "HTTP/1.1 200");
    let mut silent = server.connect().await;
    server.stop.send(()).unwrap();
    timeout(LONG, server.task).await.expect("it went on").unwrap();
    rest(&mut kept).await;
    assert_eq!(rest(&mut silent).await, "");
    assert!(TcpStream::connect(server.address).await.is_err());
}

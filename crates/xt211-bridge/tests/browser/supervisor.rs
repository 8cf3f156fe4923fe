//! Home Assistant's supervisor, as far as it shows the pages of an app (its ingress).

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinHandle,
};

/// The only address that the page lets in.
pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::new(172, 30, 32, 2);

/// What the page is below.
pub(crate) const PATH: &str = "/api/hassio_ingress/pG5xI9_w-k0";

/// Home Assistant's own page, which shows that of the app in a frame.
const PANEL: &str = "<!doctype html><title>Home Assistant</title><style>html, body, iframe { \
                     height: 100%; width: 100%; margin: 0; border: 0; }</style>";

/// A supervisor in front of a page, for browsers on this machine.
pub(crate) struct Supervisor {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Supervisor {
    /// Starts one in front of the page at this address.
    pub(crate) async fn start(page: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                // Browsers and the bridge close connections as they like.
                tokio::spawn(async move { pass_on(browser, page).await.ok() });
            }
        });
        Self { address, task }
    }

    /// Where Home Assistant's own page is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes on one request, and what is answered, for as long as that goes on.
async fn pass_on(mut browser: TcpStream, page: SocketAddr) -> io::Result<()> {
    let head = read_head(&mut browser).await?;
    let [method, place, _] = head[0].split(' ').collect::<Vec<_>>()[..] else {
        panic!("not a request: {}", head[0]);
    };
    let Some(below) = place.strip_prefix(PATH) else {
        return browser.write_all(own_answer(place).as_bytes()).await;
    };
    let named = |name: &str| {
        let mut headers = head.iter().filter_map(|line| line.split_once(": "));
        headers.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let kept = head[1..].iter().filter(|line| !line.to_lowercase().starts_with("connection:"));
    let request: Vec<_> = [format!("{method} {below} HTTP/1.1")]
        .into_iter()
        .chain(kept.cloned())
        .chain([
            "Connection: close".into(),
            format!("X-Ingress-Path: {PATH}"),
            "X-Forwarded-For: 127.0.0.1".into(),
            format!("X-Forwarded-Host: {}", named("host").unwrap_or_default()),
            "X-Forwarded-Proto: http".into(),
        ])
        .collect();

    let socket = TcpSocket::new_v4()?;
    socket.bind((ADDRESS, 0).into())?;
    let mut page = socket.connect(page).await?;
    page.write_all((request.join("\r\n") + "\r\n\r\n").as_bytes()).await?;
    copy_bidirectional(&mut browser, &mut page).await?;
    Ok(())
}

/// The lines before the body.
async fn read_head(browser: &mut TcpStream) -> io::Result<Vec<String>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(browser.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    Ok(head.trim_end().split("\r\n").map(String::from).collect())
}

/// What Home Assistant itself has: the page of the panel, and nothing else.
fn own_answer(place: &str) -> String {
    let (status, body) = match place {
        "/" => ("200 OK", format!("{PANEL}<iframe src=\"{PATH}/\"></iframe>")),
        "/favicon.ico" => ("204 No Content", String::new()),
        _ => ("404 Not Found", format!("{place} is not below {PATH}")),
    };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}

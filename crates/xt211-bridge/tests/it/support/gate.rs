//! The way to a server, which can be cut.

use tokio::{
    io::{AsyncReadExt, copy},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use super::{eventually, free_port};

/// A port that leads to another one while it is open. While it is closed, nothing listens there.
pub(crate) struct Gate {
    pub(crate) port: u16,
    to: u16,
    task: Option<JoinHandle<()>>,
}

impl Gate {
    /// An open one that leads to this port.
    pub(crate) async fn to(to: u16) -> Self {
        let mut gate = Self { port: free_port(), to, task: None };
        gate.open(u64::MAX).await;
        gate
    }

    /// Opens it for connections that are reset when the client has sent so many bytes. Those
    /// that there are so far are reset.
    pub(crate) async fn open(&mut self, bytes: u64) {
        self.close().await;
        let port = self.port;
        let listener =
            eventually("a free port", async || TcpListener::bind(("127.0.0.1", port)).await.ok());
        self.task = Some(tokio::spawn(pass(listener.await, self.to, bytes)));
    }

    /// Resets all connections, and refuses others.
    pub(crate) async fn close(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            // It says that it was aborted.
            let _ = task.await;
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.iter().for_each(JoinHandle::abort);
    }
}

/// Passes on what comes, up to so many bytes from each client. All connections end with this.
async fn pass(listener: TcpListener, to: u16, bytes: u64) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((mut client, _)) = listener.accept().await else { continue };
        client.set_nodelay(true).unwrap();
        // What is dropped is reset.
        client.set_zero_linger().unwrap();
        connections.spawn(async move {
            let Ok(mut server) = TcpStream::connect(("127.0.0.1", to)).await else { return };
            let (from_client, mut to_client) = client.split();
            let mut from_client = from_client.take(bytes);
            let (mut from_server, mut to_server) = server.split();
            // However it ends.
            tokio::select! {
                _ = copy(&mut from_client, &mut to_server) => {}
                _ = copy(&mut from_server, &mut to_client) => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

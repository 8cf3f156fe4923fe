//! Home Assistant's websocket API.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use crate::{configuration::TOKEN, support::DEADLINE};

/// A connection that was let in.
pub(crate) struct Connection {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last_id: u64,
}

impl Connection {
    /// Connects to the Home Assistant at this port; `None` if it is not there yet.
    pub(crate) async fn open(port: u16) -> Option<Self> {
        let (socket, _) =
            connect_async(format!("ws://127.0.0.1:{port}/api/websocket")).await.ok()?;
        let mut connection = Self { socket, last_id: 0 };
        connection.receive().await?;
        connection.send(&json!({ "type": "auth", "access_token": TOKEN })).await?;
        let answer = connection.receive().await?;
        assert_eq!(answer["type"], "auth_ok", "{answer}");
        Some(connection)
    }

    /// Asks for something: the answer, or the error with which it is refused; `None` if the
    /// connection is lost.
    pub(crate) async fn call(&mut self, mut command: Value) -> Option<Result<Value, Value>> {
        self.last_id += 1;
        command["id"] = self.last_id.into();
        self.send(&command).await?;
        loop {
            let mut answer = self.receive().await?;
            if answer["id"] == self.last_id && answer["type"] == "result" {
                let success = answer["success"] == true;
                let key = if success { "result" } else { "error" };
                let answer = answer[key].take();
                return Some(if success { Ok(answer) } else { Err(answer) });
            }
        }
    }

    async fn send(&mut self, message: &Value) -> Option<()> {
        self.socket.send(Message::text(message.to_string())).await.ok()
    }

    async fn receive(&mut self) -> Option<Value> {
        loop {
            let message = timeout(DEADLINE, self.socket.next()).await;
            match message.expect("Home Assistant does not answer")?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }
}

//! An InfluxDB that does as it is told, for what a healthy one never does.

use std::{
    future::pending,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

use super::until;

/// What it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 204.
    Written,
    /// A status and a message, in JSON as InfluxDB says it.
    Error(u16, &'static str),
    /// A status and a text, as whatever else may be there says it.
    Text(u16, &'static str),
    /// Never.
    Nothing,
}

/// A request for lines to be written.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) lines: String,
    pub(crate) answer: Answer,
}

type Script = Box<dyn FnMut(&str) -> Answer + Send>;

/// A server on a port of its own that answers by a script.
pub(crate) struct ScriptedInfluxDb {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    script: Mutex<Script>,
    writes: Mutex<Vec<Write>>,
}

impl ScriptedInfluxDb {
    /// One that always answers this.
    pub(crate) async fn start(answer: Answer) -> Self {
        Self::start_at(0, answer).await
    }

    /// One on a certain port.
    pub(crate) async fn start_at(port: u16, answer: Answer) -> Self {
        let shared = Arc::new(Shared {
            script: Mutex::new(Box::new(move |_| answer)),
            writes: Mutex::default(),
        });
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(write).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared, task }
    }

    /// The section of the configuration that leads here; further keys may follow it.
    pub(crate) fn section(&self) -> String {
        influxdb_section_at(self.port())
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on, answers this.
    pub(crate) fn answer(&self, answer: Answer) {
        self.answer_by(move |_| answer);
    }

    /// From now on, answers by a script, which is given the lines.
    pub(crate) fn answer_by(&self, script: impl FnMut(&str) -> Answer + Send + 'static) {
        *self.shared.script.lock().unwrap() = Box::new(script);
    }

    /// Every request so far.
    pub(crate) fn writes(&self) -> Vec<Write> {
        self.shared.writes.lock().unwrap().clone()
    }

    /// How many requests were answered so.
    pub(crate) fn count(&self, answer: Answer) -> usize {
        self.writes().iter().filter(|write| write.answer == answer).count()
    }

    /// Every line that was written, as often as it was.
    pub(crate) fn lines(&self) -> Vec<String> {
        let writes = self.writes();
        let written = writes.iter().filter(|write| write.answer == Answer::Written);
        written.flat_map(|write| write.lines.lines()).map(String::from).collect()
    }

    /// Waits until so many lines were written, and returns them.
    pub(crate) async fn written(&self, count: usize) -> Vec<String> {
        until(&format!("{count} lines written"), || self.lines().len() >= count).await;
        self.lines()
    }
}

impl Drop for ScriptedInfluxDb {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The section of a configuration for an InfluxDB at this port, whether there is one or not.
pub(crate) fn influxdb_section_at(port: u16) -> String {
    format!("[influxdb]\nurl = \"http://127.0.0.1:{port}\"\norg = \"home\"\nbucket = \"energy\"\n")
}

async fn write(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let lines = String::from_utf8(body.to_vec()).unwrap();
    let answer = (shared.script.lock().unwrap())(&lines);
    shared.writes.lock().unwrap().push(Write { uri, headers, lines, answer });
    match answer {
        Answer::Written => StatusCode::NO_CONTENT.into_response(),
        Answer::Error(status, message) => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, json!({ "code": "scripted", "message": message }).to_string()).into_response()
        }
        Answer::Text(status, text) => (StatusCode::from_u16(status).unwrap(), text).into_response(),
        Answer::Nothing => pending().await,
    }
}

//! A browser that looks at Home Assistant's pages.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use crate::{
    HomeAssistant,
    configuration::TOKEN,
    support::{DEADLINE, eventually, packages, process::Process},
};

/// A page in a browser of its own, spoken to by the Chrome DevTools Protocol.
pub(crate) struct Page {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: String,
    last_id: u64,
    _process: Process,
    _folder: TempDir,
}

/// All that can be read on a page. Its elements keep most of it to themselves.
const READ: &str = "(() => {
    const read = node => {
        if (node.nodeType === Node.TEXT_NODE) return node.data;
        if (node.nodeName === 'STYLE' || node.nodeName === 'SCRIPT') return '';
        const within = node.shadowRoot ? [node.shadowRoot] : [];
        return within.concat(...node.childNodes).map(read).join(' ');
    };
    return read(document.body).replace(/\\s+/g, ' ');
})()";

impl Page {
    /// Opens a page of Home Assistant, as its user.
    pub(crate) async fn open(home_assistant: &HomeAssistant, path: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(chromium());
        command
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-sync"])
            .args(["--disable-component-update", "--window-size=1400,1800"])
            .args(["--remote-debugging-port=0", "--lang=en"])
            .arg(format!("--user-data-dir={}", folder.path().display()));
        let process = Process::start("Chromium", &mut command);
        let address = eventually("Chromium", async || {
            let log = process.stderr();
            let (_, rest) = log.split_once("DevTools listening on ")?;
            Some(rest.split_once('\n')?.0.to_owned())
        })
        .await;
        let (socket, _) = connect_async(address).await.unwrap();
        let session = String::new();
        let mut page = Self { socket, session, last_id: 0, _process: process, _folder: folder };
        page.visit(&home_assistant.url(), path).await;
        page
    }

    async fn visit(&mut self, url: &str, path: &str) {
        let target = self.call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.call("Target.attachToTarget", attach).await;
        self.session = session["sessionId"].as_str().unwrap().to_owned();
        let tokens = json!({
            "access_token": TOKEN,
            "token_type": "Bearer",
            "refresh_token": "",
            "expires_in": 1_000_000_000,
            "expires": 10_000_000_000_000_u64,
            "hassUrl": url,
            "clientId": format!("{url}/"),
        });
        let tokens = Value::from(tokens.to_string());
        let script = format!("localStorage.setItem('hassTokens', {tokens})");
        self.call("Page.enable", json!({})).await;
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
        self.call("Page.navigate", json!({ "url": format!("{url}{path}") })).await;
    }

    /// Waits until there are these texts on it, and returns all there is to read.
    pub(crate) async fn shows(&mut self, texts: &[&str]) -> String {
        eventually(&format!("{texts:?} on the page"), async || {
            let answer = self.call("Runtime.evaluate", json!({ "expression": READ })).await;
            let read = answer["result"]["value"].as_str()?;
            texts.iter().all(|text| read.contains(text)).then(|| read.to_owned())
        })
        .await
    }

    /// Makes a picture of it, if somebody wants to see it: in the folder that `XT211_TEST_PICTURES`
    /// names.
    pub(crate) async fn picture(&mut self, name: &str) {
        if let Some(folder) = env::var_os("XT211_TEST_PICTURES") {
            let answer = self.call("Page.captureScreenshot", json!({ "format": "png" })).await;
            let picture = STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
            fs::write(Path::new(&folder).join(format!("{name}.png")), picture).unwrap();
        }
    }

    async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let mut call = json!({ "id": self.last_id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            call["sessionId"] = self.session.as_str().into();
        }
        self.socket.send(Message::text(call.to_string())).await.unwrap();
        loop {
            let message = timeout(DEADLINE, self.socket.next()).await;
            let message = message.expect("Chromium does not answer").unwrap().unwrap();
            let Message::Text(text) = message else { continue };
            let mut answer: Value = serde_json::from_str(&text).unwrap();
            if answer["id"] == self.last_id {
                assert_eq!(answer["error"], Value::Null, "{method}");
                return answer["result"].take();
            }
        }
    }
}

/// Where Chromium is; installs it if that is ours to do.
pub(crate) fn chromium() -> PathBuf {
    packages::program_of(&["chromium"], "chromium")
}

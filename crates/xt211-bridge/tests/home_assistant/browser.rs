//! A browser that looks at Home Assistant's pages.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
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

/// For how long nothing moves on a picture.
const STILL: Duration = Duration::from_secs(2);

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
    /// Opens a page of Home Assistant, as its user, in a browser that remembers these choices of hers.
    pub(crate) async fn open(
        home_assistant: &HomeAssistant,
        path: &str,
        choices: &[(&str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(chromium());
        command
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-sync"])
            .args(["--disable-component-update", "--remote-debugging-port=0", "--lang=en"])
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
        // How it was installed is nothing that people have to be reminded of on each page.
        home_assistant
            .call(json!({
                "type": "repairs/ignore_issue",
                "domain": "homeassistant",
                "issue_id": "deprecated_method",
                "ignore": true,
            }))
            .await;
        page.visit(&home_assistant.url(), path, choices).await;
        page
    }

    async fn visit(&mut self, url: &str, path: &str, choices: &[(&str, &str)]) {
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
        let tokens = tokens.to_string();
        // The menu's icons are enough.
        let always = [("hassTokens", &*tokens), ("dockedSidebar", "\"auto\"")];
        let set = |(key, value): &(&str, &str)| {
            let [key, value] = [key, value].map(|text| Value::from(*text));
            format!("localStorage.setItem({key}, {value});")
        };
        let script: String = choices.iter().chain(&always).map(set).collect();
        let still = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
        self.call("Emulation.setEmulatedMedia", json!({ "features": [still] })).await;
        self.call("Emulation.setScrollbarsHidden", json!({ "hidden": true })).await;
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

    /// Makes a picture of it once nothing moves any more, so many points wide and high, if somebody
    /// wants to see it: in the folder that `XT211_TEST_PICTURES` names.
    pub(crate) async fn picture(&mut self, name: &str, [width, height]: [u32; 2]) {
        let Some(folder) = env::var_os("XT211_TEST_PICTURES") else { return };
        let screen = json!({
            "width": width,
            "height": height,
            "deviceScaleFactor": 1,
            "mobile": false,
        });
        self.call("Emulation.setDeviceMetricsOverride", screen).await;
        let (mut last, mut since) = (Value::Null, Instant::now());
        eventually("nothing to move", async || {
            let format = json!({ "format": "png", "optimizeForSpeed": false });
            let next = self.call("Page.captureScreenshot", format).await;
            if next != last {
                (last, since) = (next, Instant::now());
            }
            (since.elapsed() > STILL).then_some(())
        })
        .await;
        let picture = STANDARD.decode(last["data"].as_str().unwrap()).unwrap();
        fs::write(Path::new(&folder).join(format!("{name}.png")), picture).unwrap();
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

//! A browser that people would use, spoken to by the Chrome DevTools Protocol.

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

use super::{DEADLINE, eventually, packages, process::Process};

/// A browser with one page.
pub(crate) struct Browser {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: String,
    last_id: u64,
    /// What it has complained of: errors of scripts, what a policy forbade.
    complaints: Vec<String>,
    _process: Process,
    _folder: TempDir,
}

/// The height of the tallest picture, in points.
const TALLEST: f64 = 4000.0;

/// For how long nothing moves on a picture.
const STILL: Duration = Duration::from_secs(2);

/// All that can be read on a page. Its elements may keep most of it to themselves.
const READ: &str = "(() => {
    const read = node => {
        if (node.nodeType === Node.TEXT_NODE) return node.data;
        if (node.nodeName === 'STYLE' || node.nodeName === 'SCRIPT') return '';
        const within = node.shadowRoot ? [node.shadowRoot] : [];
        return within.concat(...node.childNodes).map(read).join(' ');
    };
    return read(document.body).replace(/\\s+/g, ' ');
})()";

impl Browser {
    /// Starts one that shows nothing yet.
    pub(crate) async fn start() -> Self {
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
        let mut browser = Self {
            socket,
            session: String::new(),
            last_id: 0,
            complaints: Vec::new(),
            _process: process,
            _folder: folder,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attach).await;
        session["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        let still = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
        browser.call("Emulation.setEmulatedMedia", json!({ "features": [still] })).await;
        browser.call("Emulation.setScrollbarsHidden", json!({ "hidden": true })).await;
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({})).await;
        }
        browser
    }

    /// Goes to an address.
    pub(crate) async fn visit(&mut self, url: &str) {
        let answer = self.call("Page.navigate", json!({ "url": url })).await;
        assert_eq!(answer["errorText"], Value::Null, "{url}");
        self.loaded().await;
    }

    /// Waits until the page is there with all its parts.
    pub(crate) async fn loaded(&mut self) {
        eventually("the page", async || {
            let state = json!({ "expression": "document.readyState" });
            let state = self.ask("Runtime.evaluate", state).await.ok()?;
            (state["result"]["value"] == "complete").then_some(())
        })
        .await;
    }

    /// What a script says.
    pub(crate) async fn evaluate(&mut self, script: &str) -> Value {
        let evaluate = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.call("Runtime.evaluate", evaluate).await;
        assert_eq!(answer["exceptionDetails"], Value::Null, "{script}");
        answer["result"]["value"].take()
    }

    /// Waits until there are these texts on it, and returns all there is to read.
    pub(crate) async fn shows(&mut self, texts: &[&str]) -> String {
        let (since, mut is_said) = (Instant::now(), false);
        eventually(&format!("{texts:?} on the page"), async || {
            // Between two pages there is nothing to read.
            let read = self.ask("Runtime.evaluate", json!({ "expression": READ })).await.ok()?;
            let read = read["result"]["value"].as_str()?;
            let shows = texts.iter().all(|text| read.contains(text));
            if since.elapsed() > DEADLINE / 2 && !std::mem::replace(&mut is_said, true) {
                eprintln!("--- the page shows: {read}");
            }
            shows.then(|| read.to_owned())
        })
        .await
    }

    /// Clicks on what a selector finds, once it is there.
    pub(crate) async fn click(&mut self, selector: &str) {
        let [x, y] = self.middle_of(selector).await;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Moves the pointer to the middle of what a selector finds.
    pub(crate) async fn point_at(&mut self, selector: &str) {
        let [x, y] = self.middle_of(selector).await;
        self.call("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": x, "y": y }))
            .await;
    }

    async fn middle_of(&mut self, selector: &str) -> [f64; 2] {
        let script = format!(
            "(() => {{
                const found = document.querySelector({});
                if (!found) return null;
                found.scrollIntoView({{ block: 'center', behavior: 'instant' }});
                const box = found.getBoundingClientRect();
                return box.width ? [box.x + box.width / 2, box.y + box.height / 2] : null;
            }})()",
            Value::from(selector)
        );
        let script = json!({ "expression": script, "returnByValue": true });
        eventually(&format!("{selector} on the page"), async || {
            let answer = self.ask("Runtime.evaluate", script.clone()).await.ok()?;
            let place = &answer["result"]["value"];
            Some([place[0].as_f64()?, place[1].as_f64()?])
        })
        .await
    }

    /// Writes into a field, in the place of what is in it.
    pub(crate) async fn write(&mut self, selector: &str, text: &str) {
        self.click(selector).await;
        self.evaluate("document.activeElement.select()").await;
        self.insert(text).await;
    }

    /// Writes where the focus is, in the place of what is selected.
    pub(crate) async fn insert(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses a key.
    pub(crate) async fn key(&mut self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Backspace" => 8,
            "End" => 35,
            "Escape" => 27,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowRight" => 39,
            other => panic!("what is the code of {other}?"),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if key == "Enter" && kind == "keyDown" {
                event["text"] = "\r".into();
            }
            self.call("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Gives it a screen of so many points, in light or dark colours.
    pub(crate) async fn screen(&mut self, [width, height]: [u32; 2], scheme: &str) {
        let screen =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", screen).await;
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Makes a picture of it once nothing moves any more, if somebody wants to see it: in the folder
    /// that `XT211_TEST_PICTURES` names.
    pub(crate) async fn picture(&mut self, name: &str) {
        let Some(folder) = pictures() else { return };
        let begun = Instant::now();
        let (mut last, mut since) = (Value::Null, begun);
        eventually("nothing to move", async || {
            let format = json!({ "format": "png", "optimizeForSpeed": false });
            let next = self.call("Page.captureScreenshot", format).await;
            if next != last {
                (last, since) = (next, Instant::now());
            }
            // A clock never stands still.
            let is_still = since.elapsed() > STILL || begun.elapsed() > 3 * STILL;
            is_still.then_some(())
        })
        .await;
        save(&folder, name, &last);
    }

    /// Makes a picture of all of it, also of what is scrolled to, if somebody wants to see it.
    pub(crate) async fn whole_picture(&mut self, name: &str) {
        let Some(folder) = pictures() else { return };
        let metrics = self.call("Page.getLayoutMetrics", json!({})).await;
        let mut clip = metrics["cssContentSize"].clone();
        clip["scale"] = 1.into();
        clip["height"] = clip["height"].as_f64().unwrap().min(TALLEST).into();
        let whole = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.call("Page.captureScreenshot", whole).await;
        save(&folder, name, &picture);
    }

    /// What it has complained of so far: errors of scripts, what a policy forbade.
    pub(crate) fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// Has it do something that it can, in its own words.
    pub(crate) async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.ask(method, parameters).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Asks it for something that it may not be able to: between two pages there is nothing.
    async fn ask(&mut self, method: &str, parameters: Value) -> Result<Value, Value> {
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
                return match answer["error"].take() {
                    Value::Null => Ok(answer["result"].take()),
                    error => Err(error),
                };
            }
            self.note(&answer);
        }
    }

    fn note(&mut self, event: &Value) {
        let entry = &event["params"]["entry"];
        match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => {
                self.complaints.push(event["params"]["exceptionDetails"].to_string());
            }
            Some("Log.entryAdded") if entry["level"] == "error" => {
                let text = entry["text"].as_str().unwrap_or_default();
                // That something entered is refused, or a password asked for, is an answer like any
                // other.
                let is_login = entry["url"].as_str().is_some_and(|url| url.ends_with("/login"));
                if !text.contains("422") && !text.contains("401") && !is_login {
                    self.complaints.push(text.to_owned());
                }
            }
            _ => {}
        }
    }
}

/// Where pictures are wanted, if they are.
fn pictures() -> Option<PathBuf> {
    env::var_os("XT211_TEST_PICTURES").map(PathBuf::from)
}

fn save(folder: &Path, name: &str, screenshot: &Value) {
    let picture = STANDARD.decode(screenshot["data"].as_str().unwrap()).unwrap();
    fs::write(folder.join(format!("{name}.png")), picture).unwrap();
}

/// Where Chromium is; installs it if that is ours to do.
pub(crate) fn chromium() -> PathBuf {
    packages::program_of(&["chromium"], "chromium")
}

//! A Home Assistant that runs.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::{
    Entity,
    alone::root,
    configuration,
    connection::Connection,
    support::{
        Mosquitto, eventually, faults::library, free_port, packages::program, process::Process,
    },
};

/// A Home Assistant with a folder and a port of its own, and the MQTT integration set up.
pub(crate) struct HomeAssistant {
    process: Process,
    connection: Mutex<Connection>,
    folder: TempDir,
    port: u16,
}

impl HomeAssistant {
    /// Starts one that knows nothing yet, on this broker, and waits until it runs.
    pub(crate) async fn start(mosquitto: &Mosquitto) -> Self {
        Self::start_ahead(mosquitto, 0).await
    }

    /// Starts one whose clock is ahead by so many seconds.
    pub(crate) async fn start_ahead(mosquitto: &Mosquitto, seconds: i64) -> Self {
        let folder = tempfile::tempdir_in(root().join("tmp")).unwrap();
        let port = free_port();
        if seconds != 0 {
            fs::copy(library(), folder.path().join(FAULTS)).unwrap();
            fs::write(folder.path().join(CLOCK), seconds.to_string()).unwrap();
        }
        configuration::write(folder.path(), mosquitto.port);
        let mut process = launch(folder.path(), port);
        let connection = Mutex::new(running(&mut process, port).await);
        Self { process, connection, folder, port }
    }

    /// Gives it another configuration, for when it is started again: its own, and this in YAML.
    pub(crate) fn configure(&self, more: &str) {
        configuration::configure(self.folder.path(), more);
    }

    /// Gives it another clock, for when it is started again: one that is ahead by so many seconds.
    /// It has to have been [ahead](Self::start_ahead) from the beginning.
    pub(crate) fn set_ahead(&self, seconds: i64) {
        fs::write(self.folder.path().join(CLOCK), seconds.to_string()).unwrap();
    }

    /// Where its configuration is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where its pages are.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Stops it, so that it saves what it is to keep.
    pub(crate) async fn stop(&mut self) {
        self.process.send(Signal::TERM);
        let status = self.process.end().await;
        assert!(status.success(), "{status}");
    }

    /// Starts it again, and waits until it runs.
    pub(crate) async fn start_again(&mut self) {
        self.process = launch(self.folder.path(), self.port);
        *self.connection.get_mut() = running(&mut self.process, self.port).await;
    }

    /// What a command of its websocket API is answered with.
    pub(crate) async fn call(&self, command: Value) -> Value {
        self.try_call(command.clone()).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// The same, for one that it may refuse.
    pub(crate) async fn try_call(&self, command: Value) -> Result<Value, Value> {
        let answer = self.connection.lock().await.call(command).await;
        answer.expect("Home Assistant has closed the connection")
    }

    /// The states of all its entities, by their entity id.
    pub(crate) async fn states(&self) -> BTreeMap<String, Value> {
        let states = self.call(json!({ "type": "get_states" })).await;
        let id = |state: &Value| text(&state["entity_id"]).to_owned();
        list(&states).iter().map(|state| (id(state), state.clone())).collect()
    }

    /// Its entities that came by MQTT, by their unique id.
    pub(crate) async fn entities(&self) -> BTreeMap<String, Entity> {
        let devices = self.devices().await;
        let device = |entry: &Value| {
            let device = devices.iter().find(|(_, device)| device["id"] == entry["device_id"]);
            device.map_or("", |(identifier, _)| identifier)
        };
        let registered = self.call(json!({ "type": "config/entity_registry/list" })).await;
        let states = self.states().await;
        let state = |entry: &Value| states.get(text(&entry["entity_id"]));
        let ours = list(&registered).iter().filter(|entry| entry["platform"] == "mqtt");
        let entity = |entry| Entity::new(device(entry), entry, state(entry));
        ours.map(|entry| (text(&entry["unique_id"]).to_owned(), entity(entry))).collect()
    }

    /// Waits until its entities are so.
    pub(crate) async fn until(
        &self,
        what: &str,
        mut holds: impl FnMut(&BTreeMap<String, Entity>) -> bool,
    ) -> BTreeMap<String, Entity> {
        eventually(what, async || {
            let entities = self.entities().await;
            holds(&entities).then_some(entities)
        })
        .await
    }

    /// Waits until an entity has this state.
    pub(crate) async fn shows(&self, unique_id: &str, state: &str) -> Entity {
        let what = format!("{unique_id} to be {state} in Home Assistant");
        let is_so = |entity: &Entity| entity.state.as_deref() == Some(state);
        let mut all = self.until(&what, |all| all.get(unique_id).is_some_and(is_so)).await;
        all.remove(unique_id).unwrap()
    }

    /// The devices of meters, by what they are recognised by.
    pub(crate) async fn devices(&self) -> BTreeMap<String, Value> {
        let devices = self.call(json!({ "type": "config/device_registry/list" })).await;
        let identifier = |device: &Value| {
            let [domain, id] = [0, 1].map(|part| device["identifiers"][0][part].as_str());
            (domain == Some("mqtt")).then(|| id.unwrap().to_owned())
        };
        let devices = list(&devices).iter();
        devices.filter_map(|device| Some((identifier(device)?, device.clone()))).collect()
    }

    /// Makes sure that nothing in its log is a warning or worse, since its start, and that it wants
    /// nothing to be repaired.
    pub(crate) async fn has_no_complaint(&self) {
        let complaints = self.complaints();
        assert!(complaints.is_empty(), "{}", complaints.join(""));
        let repairs = self.repairs().await;
        assert!(repairs.is_empty(), "{repairs:#?}");
    }

    /// What in its log is a warning or worse, since its start.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.process.stderr();
        entries(&log).into_iter().filter(|it| is_complaint(it)).collect()
    }

    /// What it wants to be repaired.
    pub(crate) async fn repairs(&self) -> Vec<Value> {
        let repairs = self.call(json!({ "type": "repairs/list_issues" })).await;
        // That it was installed in this way is none of ours.
        let repairs = list(&repairs["issues"]).iter();
        repairs.filter(|issue| issue["issue_id"] != "deprecated_method").cloned().collect()
    }
}

/// The entries of a log, each with the lines that follow from it.
fn entries(log: &str) -> Vec<String> {
    let mut entries = Vec::<String>::new();
    for line in log.split_inclusive('\n') {
        match entries.last_mut() {
            Some(entry) if !line.starts_with("20") => entry.push_str(line),
            _ => entries.push(line.to_owned()),
        }
    }
    entries
}

/// Whether an entry of the log is a complaint that we may be the reason of.
fn is_complaint(entry: &str) -> bool {
    /// What it says of how it runs here.
    const OF_THIS_PLACE: [&str; 6] = [
        "[aiohttp_fast_zlib] zlib_ng and isal are not available",
        "[haffmpeg.core] FFmpeg fails",
        "[haffmpeg.tools] Error starting FFmpeg",
        "[homeassistant.bootstrap] Skipping pip installation",
        "[homeassistant.components.camera.img_util] Error loading libturbojpeg",
        "[homeassistant.components.network] Because the system does not have any enabled IPv4",
    ];
    let ordinary = [" INFO ", " DEBUG "].iter().any(|level| entry.contains(level));
    !ordinary && !OF_THIS_PLACE.iter().any(|text| entry.contains(text))
}

/// What sets its clock, and where that finds how far.
const FAULTS: &str = "faults.so";
const CLOCK: &str = "clock";

fn launch(folder: &Path, port: u16) -> Process {
    let root = root();
    let inside = Path::new("/").join(folder.strip_prefix(&root).unwrap());
    let mut command = Command::new(program("chroot"));
    command.arg(&root);
    if folder.join(FAULTS).exists() {
        // Only for it, as chroot could not be loaded with it.
        let set = |name: &str, file: &str| format!("{name}={}", inside.join(file).display());
        command.args(["/usr/bin/env", &set("LD_PRELOAD", FAULTS), &set("FAULT_CLOCK", CLOCK)]);
    }
    command.args(["/srv/ha/bin/hass", "--skip-pip", "--config"]).arg(inside);
    command.env_clear().envs([
        ("HOME", "/root"),
        ("LANG", "C.UTF-8"),
        ("PATH", "/srv/ha/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        // The configuration has one, too, but wants that to be confirmed within five minutes.
        ("SETUP_PORT", &port.to_string()),
    ]);
    Process::start("Home Assistant", &mut command)
}

/// Waits until it runs.
async fn running(process: &mut Process, port: u16) -> Connection {
    eventually("Home Assistant runs", async || {
        assert!(!process.has_ended(), "Home Assistant has ended:\n{}", process.stderr());
        let mut connection = Connection::open(port).await?;
        let configuration = connection.call(json!({ "type": "get_config" })).await?.unwrap();
        (configuration["state"] == "RUNNING").then_some(connection)
    })
    .await
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("expected a list, found {value}"))
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("expected a text, found {value}"))
}

//! A program behind the page: its store is a real one, its settings are what a test says.

use std::{
    collections::BTreeSet,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request, Response, StatusCode},
};
use futures_util::{
    FutureExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt as _;
use xt211_store::{Opened, Store};
use xt211_web::{
    Access, Backend, Edit, ExportRequest, Heard, LogEntry, Refusal, Settings, Trial, VitalSigns,
    router,
};

/// A page with all that is behind it.
pub(crate) struct Fixture {
    pub(crate) program: Arc<Program>,
    router: Router,
}

/// The program behind the page.
pub(crate) struct Program {
    folder: TempDir,
    pub(crate) signs: Signs,
    /// Whether nothing was ever configured.
    pub(crate) is_new: AtomicBool,
    pub(crate) settings: Mutex<Settings>,
    /// How often these were looked at.
    pub(crate) looks: AtomicU64,
    pub(crate) log: Mutex<Vec<LogEntry>>,
    /// What was saved.
    pub(crate) edits: Mutex<Vec<Edit>>,
    /// What was tried out.
    pub(crate) trials: Mutex<Vec<(Trial, Edit)>>,
    /// What is said of the next that is saved or tried out.
    pub(crate) refusals: Mutex<Vec<Refusal>>,
    /// What is heard, and why nothing more is.
    pub(crate) heard: Mutex<Vec<Result<Heard, Refusal>>>,
    /// The ids of meters that are not followed any more.
    pub(crate) forgotten: Mutex<BTreeSet<String>>,
    /// Whether an export has no end, and how an export ended.
    pub(crate) is_endless: AtomicBool,
    pub(crate) exported: watch::Sender<Option<io::ErrorKind>>,
}

/// An answer of the page.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Fixture {
    /// For everybody on this machine.
    pub(crate) fn new() -> Self {
        Self::with(Access::default())
    }

    pub(crate) fn with(access: Access) -> Self {
        let program = Arc::new(Program {
            folder: tempfile::tempdir().unwrap(),
            signs: Signs::default(),
            is_new: AtomicBool::default(),
            settings: Mutex::default(),
            looks: AtomicU64::default(),
            log: Mutex::default(),
            edits: Mutex::default(),
            trials: Mutex::default(),
            refusals: Mutex::default(),
            heard: Mutex::default(),
            forgotten: Mutex::default(),
            is_endless: AtomicBool::default(),
            exported: watch::Sender::new(None),
        });
        // So that there is one.
        drop(program.open());
        let backend = Arc::clone(&program) as Arc<dyn Backend>;
        Self { router: router(backend, access), program }
    }

    /// Sends a request from this machine, unless it says where it comes from.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.open(request).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// The same, of which the answer is still to be read.
    pub(crate) async fn open(&self, mut request: Request<Body>) -> Response<Body> {
        let peer = ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000)));
        if request.extensions().get::<ConnectInfo<SocketAddr>>().is_none() {
            request.extensions_mut().insert(peer);
        }
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn get(&self, address: &str) -> Answer {
        let request = Request::get(address).header("host", "localhost:8099");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Sends a form, as a page of ours in a browser would.
    pub(crate) async fn post(&self, address: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get("/settings").await.body;
        let (_, token) = page.split_once("<meta name=\"token\" content=\"").unwrap();
        let (token, _) = token.split_once('"').unwrap();
        let fields: Vec<_> = fields.iter().copied().chain([("token", token)]).collect();
        let request = Request::post(address)
            .header("host", "localhost:8099")
            .header("origin", "http://localhost:8099")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded");
        let body = serde_urlencoded::to_string(fields).unwrap();
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Sends JSON, as a script would.
    pub(crate) async fn post_json(&self, address: &str, json: &str) -> Answer {
        let request = Request::post(address)
            .header("host", "localhost:8099")
            .header("content-type", "application/json");
        self.send(request.body(json.to_owned().into()).unwrap()).await
    }
}

/// How things stand, until the program ends.
pub(crate) struct Signs(Mutex<Option<watch::Sender<VitalSigns>>>);

impl Default for Signs {
    fn default() -> Self {
        Self(Mutex::new(Some(watch::Sender::new(VitalSigns::default()))))
    }
}

impl Signs {
    pub(crate) fn send_modify(&self, change: impl FnOnce(&mut VitalSigns)) {
        self.0.lock().unwrap().as_ref().unwrap().send_modify(change);
    }

    fn subscribe(&self) -> watch::Receiver<VitalSigns> {
        self.0.lock().unwrap().as_ref().unwrap().subscribe()
    }
}

impl Program {
    /// Ends: nothing changes any more.
    pub(crate) fn end(&self) {
        self.signs.0.lock().unwrap().take();
    }

    /// Opens the store, to fill it.
    pub(crate) fn open(&self) -> Store {
        let Opened { store, .. } = Store::open(&self.store()).unwrap();
        store
    }
}

impl Backend for Program {
    fn vital_signs(&self) -> watch::Receiver<VitalSigns> {
        self.signs.subscribe()
    }

    fn log(&self) -> Vec<LogEntry> {
        self.log.lock().unwrap().clone()
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("test.db")
    }

    fn meter_name(&self, id: &str) -> String {
        format!("Meter {id}")
    }

    fn follows(&self, id: &str, _: Option<&str>) -> bool {
        !self.forgotten.lock().unwrap().contains(id)
    }

    fn look(&self) {}

    fn export(&self, request: &ExportRequest, out: &mut dyn io::Write) -> io::Result<()> {
        if !self.is_endless.load(Relaxed) {
            return write!(out, "{request:?}");
        }
        let ended = loop {
            if let Err(error) = out.write_all(&[b'x'; 1000]) {
                break error;
            }
        };
        self.exported.send_replace(Some(ended.kind()));
        Err(ended)
    }

    fn needs_setup(&self) -> bool {
        self.is_new.load(Relaxed)
    }

    fn settings(&self) -> Settings {
        self.looks.fetch_add(1, Relaxed);
        self.settings.lock().unwrap().clone()
    }

    fn save(&self, edit: Edit) -> BoxFuture<'_, Result<(), Vec<Refusal>>> {
        let refusals = std::mem::take(&mut *self.refusals.lock().unwrap());
        if refusals.is_empty() {
            self.edits.lock().unwrap().push(edit);
            return async { Ok(()) }.boxed();
        }
        async { Err(refusals) }.boxed()
    }

    fn attempt(&self, trial: Trial, edit: Edit) -> BoxFuture<'_, Result<String, Vec<Refusal>>> {
        self.trials.lock().unwrap().push((trial, edit));
        let refusals = std::mem::take(&mut *self.refusals.lock().unwrap());
        let is_good = refusals.is_empty();
        async move { if is_good { Ok(format!("{trial:?} works")) } else { Err(refusals) } }.boxed()
    }

    fn listen(&self, _: Edit) -> BoxStream<'static, Result<Heard, Refusal>> {
        let heard = self.heard.lock().unwrap().clone();
        stream::iter(heard).chain(stream::pending()).boxed()
    }
}

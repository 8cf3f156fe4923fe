//! A program behind the page: its store is a real one, its settings are what a test says.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
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
    Backend, Edit, ExportRequest, Heard, LogEntry, Refusal, Settings, Trial, VitalSigns, router,
};

/// A page with all that is behind it.
pub(crate) struct Fixture {
    pub(crate) program: Arc<Program>,
    router: Router,
}

/// The program behind the page.
pub(crate) struct Program {
    folder: TempDir,
    pub(crate) signs: watch::Sender<VitalSigns>,
    pub(crate) settings: Mutex<Settings>,
    pub(crate) log: Mutex<Vec<LogEntry>>,
    /// What was saved.
    pub(crate) edits: Mutex<Vec<Edit>>,
    /// What is said of the next that is saved or tried out.
    pub(crate) refusals: Mutex<Vec<Refusal>>,
    /// What is heard.
    pub(crate) heard: Mutex<Vec<Heard>>,
}

/// An answer of the page.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let program = Arc::new(Program {
            folder: tempfile::tempdir().unwrap(),
            signs: watch::Sender::new(VitalSigns::default()),
            settings: Mutex::default(),
            log: Mutex::default(),
            edits: Mutex::default(),
            refusals: Mutex::default(),
            heard: Mutex::default(),
        });
        // So that there is one.
        drop(program.open());
        Self { router: router(Arc::clone(&program) as Arc<dyn Backend>), program }
    }

    /// Sends a request, as a browser on this machine would.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, address: &str) -> Answer {
        let request = Request::get(address).header("host", "localhost:8099");
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

impl Program {
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

    fn look(&self) {}

    fn export(&self, request: &ExportRequest, out: &mut dyn io::Write) -> io::Result<()> {
        write!(out, "{request:?}")
    }

    fn settings(&self) -> Settings {
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

    fn attempt(&self, trial: Trial, _: Edit) -> BoxFuture<'_, Result<String, Vec<Refusal>>> {
        let refusals = std::mem::take(&mut *self.refusals.lock().unwrap());
        let is_good = refusals.is_empty();
        async move { if is_good { Ok(format!("{trial:?} works")) } else { Err(refusals) } }.boxed()
    }

    fn listen(&self, _: Edit) -> BoxStream<'static, Result<Heard, Refusal>> {
        let heard = self.heard.lock().unwrap().clone();
        stream::iter(heard).map(Ok).chain(stream::pending()).boxed()
    }
}

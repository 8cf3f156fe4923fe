//! All addresses, and what is behind them.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use jiff::tz::TimeZone;
use tokio::sync::Semaphore;
use xt211_store::{Reader, StoreError};

use crate::{
    api, asset::asset, backend::Backend, download, failure::Failure, health, live, metrics, page,
    safety::Access, visitor::Visitor,
};

/// What every page has at hand.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) backend: Arc<dyn Backend>,
    /// How many more exports may be under way.
    pub(crate) exports: Arc<Semaphore>,
    /// How many more pages can be told of changes.
    pub(crate) listeners: Arc<Semaphore>,
}

impl App {
    fn new(backend: Arc<dyn Backend>) -> Self {
        let (exports, listeners) = (download::AT_ONCE, live::AT_ONCE);
        let [exports, listeners] = [exports, listeners].map(|many| Arc::new(Semaphore::new(many)));
        Self { backend, exports, listeners }
    }

    /// Asks the store something, in a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        let path: PathBuf = self.backend.store();
        let answer = tokio::task::spawn_blocking(move || question(&Reader::open(&path)?));
        let answer = answer.await.map_err(|error| Failure::Fault(error.to_string()))?;
        Ok(answer?)
    }
}

/// All of the page. A request needs the address that it came from, as a
/// [`ConnectInfo`](axum::extract::ConnectInfo).
pub fn router(backend: Arc<dyn Backend>, access: Access) -> Router {
    let _ = access;
    Router::new()
        .merge(page::routes())
        .merge(api::routes())
        .route("/events", get(live::events))
        .route("/metrics", get(metrics::metrics))
        .route("/healthz", get(health::healthz))
        .route("/assets/{version}/{name}", get(asset))
        .fallback(async || Failure::NotFound)
        .layer(middleware::from_fn(admit))
        .with_state(App::new(backend))
}

/// Lets everybody in.
async fn admit(mut request: Request, next: Next) -> Response {
    let zone = TimeZone::UTC;
    let visitor = Visitor { base: String::new(), token: "none".into(), zone, can_leave: false };
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

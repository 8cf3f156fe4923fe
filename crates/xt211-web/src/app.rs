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
use xt211_store::{Reader, StoreError};

use crate::{asset::asset, backend::Backend, failure::Failure, page, visitor::Visitor};

/// What every page has at hand.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) backend: Arc<dyn Backend>,
}

impl App {
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

/// All of the page.
pub fn router(backend: Arc<dyn Backend>) -> Router {
    Router::new()
        .route("/", get(page::overview))
        .route("/assets/{version}/{name}", get(asset))
        .fallback(async || Failure::NotFound)
        .layer(middleware::from_fn(admit))
        .with_state(App { backend })
}

/// Lets everybody in.
async fn admit(mut request: Request, next: Next) -> Response {
    let zone = TimeZone::UTC;
    let visitor = Visitor { base: String::new(), token: "none".into(), zone, can_leave: false };
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

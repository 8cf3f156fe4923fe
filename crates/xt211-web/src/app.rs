//! All addresses, and what is behind them.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use xt211_store::{Reader, StoreError};

use crate::{
    asset::asset,
    backend::Backend,
    chart,
    failure::Failure,
    page,
    safety::{self, Access, Doorkeeper},
    settings, setup,
};

/// What every page has at hand.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) doorkeeper: Arc<Doorkeeper>,
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

/// All of the page. A request needs the address that it came from, as a
/// [`ConnectInfo`](axum::extract::ConnectInfo).
pub fn router(backend: Arc<dyn Backend>, access: Access) -> Router {
    let app = App { backend, doorkeeper: Arc::new(Doorkeeper::new(access)) };
    let open = Router::new()
        .route("/assets/{version}/{name}", get(asset))
        .route("/login", get(safety::login).post(safety::log_in))
        .method_not_allowed_fallback(not_for_that);
    Router::new()
        .route("/", get(page::overview).layer(from_fn_with_state(app.clone(), setup::first)))
        .route("/charts", get(page::charts))
        .route("/api/meters/{id}/consumption", get(chart::api::consumption))
        .route("/api/meters/{id}/power", get(chart::api::power))
        .merge(settings::routes())
        .merge(setup::routes())
        .route("/logout", post(safety::log_out))
        .fallback(async || Failure::NotFound)
        .method_not_allowed_fallback(not_for_that)
        .layer(from_fn_with_state(app.clone(), safety::admit))
        .merge(open)
        .layer(from_fn_with_state(app.clone(), safety::shield))
        .layer(DefaultBodyLimit::max(safety::LARGEST_BODY))
        .with_state(app)
}

async fn not_for_that() -> Failure {
    let message = "This address is not for that.";
    Failure::Refused(StatusCode::METHOD_NOT_ALLOWED, message.into())
}

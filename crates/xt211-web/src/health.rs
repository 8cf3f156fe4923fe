//! Whether the program is well, for whoever would start it again otherwise.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};

use crate::app::App;

/// `ok`, or why not. The program is well if it runs and its store can be written. That InfluxDB or
/// the broker is away is no reason to start it again: it waits for them, and loses nothing.
pub(crate) async fn healthz(State(app): State<App>) -> Response {
    let signs = app.backend.vital_signs().borrow().clone();
    match signs.store.reason() {
        Some(reason) => {
            let message = format!("the store cannot be written: {reason}\n");
            (StatusCode::SERVICE_UNAVAILABLE, message).into_response()
        }
        None => "ok\n".into_response(),
    }
}

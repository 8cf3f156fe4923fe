//! Says that something has changed, as it happens (server-sent events).
//!
//! What has changed, it does not say: the page asks again for what it shows. So there is one way to
//! draw a page, and who may see it is asked each time.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse as _, Response},
};
use futures_util::{Stream, stream};
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{sleep, timeout},
};

use crate::{app::App, backend::VitalSigns, failure::Failure};

/// How many pages can be told at a time.
pub(crate) const AT_ONCE: usize = 64;

/// At most so often.
const PACE: Duration = Duration::from_secs(1);

/// How often something is said at the least. Proxies give up on who is silent, and that somebody has
/// left is only noticed when something is sent.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

pub(crate) async fn events(State(app): State<App>) -> Result<Response, Failure> {
    let turn = turn(&app)?;
    let headers = [
        // Exactly this: proxies know by it that they must not wait for the end.
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
    ];
    let body = Body::from_stream(changes(app.backend.vital_signs(), turn));
    Ok((headers, body).into_response())
}

/// A place among the pages that can be told, for as long as it is kept.
pub(crate) fn turn(app: &App) -> Result<OwnedSemaphorePermit, Failure> {
    Arc::clone(&app.listeners).try_acquire_owned().map_err(|_| {
        let message = "Too many pages are open at once: close some of them.";
        Failure::Refused(StatusCode::SERVICE_UNAVAILABLE, message.into())
    })
}

/// Ends when the program does.
fn changes(
    signs: watch::Receiver<VitalSigns>,
    turn: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    // At once, so that the page knows that it is heard.
    let first = Some(Bytes::from_static(b"retry: 3000\n: hello\n\n"));
    stream::unfold((first, signs, turn), |(first, mut signs, turn)| async move {
        let said = match first {
            Some(first) => first,
            None => match timeout(SIGN_OF_LIFE, signs.changed()).await {
                Err(_) => Bytes::from_static(b": still here\n\n"),
                Ok(Err(_)) => return None,
                Ok(Ok(())) => {
                    // More of it may be on its way.
                    sleep(PACE).await;
                    let revision = signs.borrow_and_update().revision;
                    format!("event: look\ndata: {revision}\n\n").into()
                }
            },
        };
        Some((Ok(said), (None, signs, turn)))
    })
}

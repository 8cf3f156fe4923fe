//! What is kept, on its way to whoever asked for it.

use std::{
    io::{self, BufWriter, Write as _},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{
        StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use tokio::{runtime::Handle, sync::mpsc, time::timeout};

use crate::{
    app::App,
    backend::{ExportForm, ExportRequest},
    failure::Failure,
    span::Span,
};

/// How much is handed on at once, and how much of that may wait for whoever reads it.
const CHUNK: usize = 64 * 1024;
const WAITING: usize = 2;

/// How long somebody may take for a chunk. As long as an export lasts, the store cannot be tidied up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many exports may be under way at a time.
pub(crate) const AT_ONCE: usize = 4;

/// Answers with what is kept of a span, in a form by its name. The file is named after the days.
pub(crate) async fn download(
    app: &App,
    form: &str,
    span: Span,
    days: [Option<&str>; 2],
) -> Result<Response, Failure> {
    let (form, kind, extension) = match form {
        "csv" => (ExportForm::Csv, "text/csv; charset=utf-8", "csv"),
        "lines" => (ExportForm::Lines, "text/plain; charset=utf-8", "lp"),
        _ => {
            let message = "`form` is `csv` or `lines`.".into();
            return Err(Failure::Refused(StatusCode::BAD_REQUEST, message));
        }
    };
    if let Some(id) = span.meter.clone() {
        let meter = app.read(move |store| store.meter(&id)).await?;
        meter.ok_or_else(crate::question::no_such_meter)?;
    }
    let turn = app.exports.clone().try_acquire_owned().map_err(|_| {
        let message = "Other exports are under way: wait until they are done, and try again.";
        Failure::Refused(StatusCode::TOO_MANY_REQUESTS, message.into())
    })?;
    let name = file_name(span.meter.as_deref(), days, extension);
    let request = ExportRequest { form, meter: span.meter, from: span.from, to: span.to };
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let (backend, handle) = (app.backend.clone(), Handle::current());
    tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let reader = Outlet { sender: sender.clone(), handle: handle.clone() };
        let mut out = BufWriter::with_capacity(CHUNK, reader);
        let done = backend.export(&request, &mut out).and_then(|()| out.flush());
        // What is left in it would be sent once more.
        let (_, _left) = out.into_parts();
        if let Err(error) = done {
            // So that a file that is cut off is not taken for a whole one. Nobody may be there.
            let _ = handle.block_on(timeout(PATIENCE, sender.send(Err(error))));
        }
    });
    // What fails at once is said as a page.
    let first = match receiver.recv().await {
        Some(Err(error)) => {
            return Err(Failure::Refused(StatusCode::SERVICE_UNAVAILABLE, error.to_string()));
        }
        first => first,
    };
    let rest = stream::unfold((first, receiver), |(first, mut receiver)| async move {
        let chunk = match first {
            Some(chunk) => chunk,
            None => receiver.recv().await?,
        };
        Some((chunk, (None, receiver)))
    });
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, disposition)];
    Ok((headers, Body::from_stream(rest)).into_response())
}

/// `xt211-meter-2026-02-01-2026-02-28.csv`, of nothing that a header or a disk would mind.
fn file_name(meter: Option<&str>, days: [Option<&str>; 2], extension: &str) -> String {
    let parts = [Some("xt211"), meter].into_iter().chain(days).flatten();
    let harmless = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => letter,
        _ => '_',
    };
    let parts: Vec<String> = parts.map(|part| part.chars().map(harmless).collect()).collect();
    format!("{}.{extension}", parts.join("-"))
}

/// Where an export is written to: somebody who reads it, in their own time.
struct Outlet {
    sender: mpsc::Sender<io::Result<Bytes>>,
    handle: Handle,
}

impl io::Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let chunk = Ok(Bytes::copy_from_slice(bytes));
        match self.handle.block_on(async { timeout(PATIENCE, self.sender.send(chunk)).await }) {
            Ok(Ok(())) => Ok(bytes.len()),
            // They have left, or hang.
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names() {
        let days = [Some("2026-02-01"), None];
        assert_eq!(file_name(Some("meter"), days, "csv"), "xt211-meter-2026-02-01.csv");
        assert_eq!(file_name(None, [None, None], "lp"), "xt211.lp");
        let name = file_name(Some("../a\"\r\nb"), [None, Some("ž")], "csv");
        assert_eq!(name, "xt211-___a___b-_.csv");
    }
}

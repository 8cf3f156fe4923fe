//! Export: what is kept, as a file; or to InfluxDB once more.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;

use crate::{
    app::App,
    backend::Condition,
    download::download,
    failure::Failure,
    form::Fields,
    frame::{Frame, Here, Page, render},
    query::{Query, filled},
    span::Span,
    visitor::Visitor,
};

/// Up to how many meters can be chosen from a list.
const LISTED: usize = 100;

#[derive(Template)]
#[template(path = "export.html")]
struct ExportPage {
    frame: Frame,
    /// The ids of all meters with their names, if they are few.
    meters: Option<Vec<(String, String)>>,
    zone: String,
    is_forwarding: bool,
}

#[derive(Template)]
#[template(path = "forward.html")]
struct ForwardPage {
    frame: Frame,
    span: Days,
    count: u64,
    /// How many were put into the outbox, once they were.
    done: Option<u64>,
}

/// What a person chose.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Days {
    #[serde(default)]
    form: String,
    #[serde(default)]
    meter: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

impl Days {
    fn span(&self, visitor: &Visitor) -> Result<Span, Failure> {
        let filled = |text: &String| filled(Some(text.clone()));
        Span::of_days(filled(&self.meter), &self.from, &self.to, &visitor.zone)
    }

    fn is_everything(&self) -> bool {
        self.from.is_empty() && self.to.is_empty()
    }
}

pub(crate) async fn export(State(app): State<App>, visitor: Visitor, Query(()): Query<()>) -> Page {
    let meters = app.read(|store| store.find_meters("", None, LISTED + 1)).await?;
    let name = |id: String| (id.clone(), app.backend.meter_name(&id));
    let meters =
        (meters.len() <= LISTED).then(|| meters.into_iter().map(|meter| name(meter.id)).collect());
    render(&ExportPage {
        frame: Frame::new(Here::Export, &visitor, app.backend.as_ref()),
        meters,
        zone: visitor.zone.iana_name().unwrap_or("UTC").to_owned(),
        is_forwarding: is_forwarding(&app),
    })
}

fn is_forwarding(app: &App) -> bool {
    app.backend.vital_signs().borrow().influxdb != Condition::Off
}

/// What is kept of the chosen days, as a file.
pub(crate) async fn export_file(
    State(app): State<App>,
    visitor: Visitor,
    Query(days): Query<Days>,
) -> Result<Response, Failure> {
    let span = days.span(&visitor)?;
    let days_text =
        [days.from.as_str(), days.to.as_str()].map(|day| (!day.is_empty()).then_some(day));
    download(&app, &days.form, span, days_text).await
}

/// Asks whether what was forwarded of the chosen days is to go to InfluxDB again.
pub(crate) async fn confirm_forward(
    State(app): State<App>,
    visitor: Visitor,
    Query(span): Query<Days>,
) -> Page {
    require_forwarding(&app)?;
    let count = app.forwardable(span.span(&visitor)?).await?;
    let frame = Frame::new(Here::Export, &visitor, app.backend.as_ref());
    render(&ForwardPage { frame, span, count, done: None })
}

/// Does so.
pub(crate) async fn forward(State(app): State<App>, visitor: Visitor, fields: Fields) -> Page {
    require_forwarding(&app)?;
    let text = |name| fields.get(name).unwrap_or_default().to_owned();
    let (meter, from, to) = (text("meter"), text("from"), text("to"));
    let span = Days { form: String::new(), meter, from, to };
    let done = Some(app.forward(span.span(&visitor)?).await?);
    let frame = Frame::new(Here::Export, &visitor, app.backend.as_ref());
    render(&ForwardPage { frame, span, count: 0, done })
}

pub(crate) fn require_forwarding(app: &App) -> Result<(), Failure> {
    if is_forwarding(app) {
        return Ok(());
    }
    let message = "There is nowhere to forward to: set InfluxDB up in the settings first.";
    Err(Failure::Refused(StatusCode::CONFLICT, message.into()))
}

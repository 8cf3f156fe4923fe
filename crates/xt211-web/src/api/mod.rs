//! The same for programs: JSON, described by `OpenAPI`.

mod asked;
mod charts;
mod failure;
mod log;
mod meters;
mod records;
mod set_aside;
mod settings;
mod standing;

use askama::Template;
use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::get,
};
use utoipa::{
    OpenApi, ToSchema as _,
    openapi::{
        Content, OpenApi as Description, PathItem, Ref, Response as Described, ResponseBuilder,
        path::Operation,
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::failure::{ErrorBody, Refused};
use crate::{
    app::App,
    failure::Failure,
    frame::{Frame, Here, Page, render},
    visitor::Visitor,
};

/// What it is, for its readers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "xt211-bridge",
        description = "Readings of XT211 electricity meters, and the program that bridges them. \
                       Whatever is changed has to be sent as `application/json`."
    ),
    components(schemas(ErrorBody))
)]
struct About;

/// Everything below `/api`, and its description.
fn described() -> (Router<App>, Description) {
    let (router, mut description) = OpenApiRouter::with_openapi(About::openapi())
        .routes(routes!(standing::standing))
        .routes(routes!(meters::meters))
        .routes(routes!(meters::meter))
        .routes(routes!(charts::consumption))
        .routes(routes!(charts::power))
        .routes(routes!(set_aside::list))
        .routes(routes!(set_aside::entry))
        .routes(routes!(set_aside::release))
        .routes(routes!(set_aside::discard))
        .routes(routes!(set_aside::release_all))
        .routes(routes!(set_aside::discard_all))
        .routes(routes!(log::log))
        .routes(routes!(records::export))
        .routes(routes!(records::forward))
        .routes(routes!(settings::settings, settings::change))
        .routes(routes!(settings::attempt))
        .split_for_parts();
    for item in description.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post, &mut item.patch].into_iter().flatten() {
            operation.responses.responses.insert("default".into(), other_answer().into());
        }
    }
    (router, description)
}

/// What can come of any question: no password, a wrong one, JSON that is none.
fn other_answer() -> Described {
    let error = Content::new(Some(Ref::from_schema_name(ErrorBody::name())));
    ResponseBuilder::new()
        .description("It is refused, or something is wrong here")
        .content("application/json", error)
        .build()
}

pub(crate) fn routes() -> Router<App> {
    let (router, _) = described();
    router
        .route("/api", get(page))
        .route("/api/openapi.json", get(openapi))
        .route("/api/{*other}", axum::routing::any(no_such_thing))
}

async fn no_such_thing() -> Refused {
    Refused::from(Failure::NotFound)
}

async fn openapi() -> Response {
    Json(described().1).into_response()
}

#[derive(Template)]
#[template(path = "api.html")]
struct ApiPage {
    frame: Frame,
    /// Method, address, what it does.
    operations: Vec<(&'static str, String, String)>,
}

async fn page(State(app): State<App>, visitor: Visitor) -> Page {
    let (_, description) = described();
    let mut operations = Vec::new();
    for (address, item) in description.paths.paths {
        for (method, operation) in operations_of(item) {
            operations.push((method, address.clone(), operation.summary.unwrap_or_default()));
        }
    }
    let frame = Frame::new(Here::Api, &visitor, app.backend.as_ref());
    render(&ApiPage { frame, operations })
}

fn operations_of(item: PathItem) -> impl Iterator<Item = (&'static str, Operation)> {
    let PathItem { get, post, patch, .. } = item;
    let methods = [("GET", get), ("POST", post), ("PATCH", patch)];
    methods.into_iter().filter_map(|(method, operation)| Some((method, operation?)))
}

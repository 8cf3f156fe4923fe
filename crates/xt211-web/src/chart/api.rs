//! The numbers of a chart at addresses of their own, as JSON or CSV.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    response::{IntoResponse, Response},
};

use super::{
    answer::{consumption_of, course_of},
    question::{Asked, Form, refused},
};
use crate::{app::App, failure::Failure, visitor::Visitor};

type Parameters = Result<Query<Asked>, QueryRejection>;

/// `GET /api/meters/{id}/consumption?view=&date=&zone=&format=`: what was used.
pub(crate) async fn consumption(
    State(app): State<App>,
    Path(meter): Path<String>,
    visitor: Visitor,
    parameters: Parameters,
) -> Result<Response, Failure> {
    let asked = asked(parameters)?;
    let form = asked.form()?;
    let answer = consumption_of(&app, &visitor, meter, &asked).await?;
    match form {
        Form::Json => Ok(Json(answer).into_response()),
        Form::Csv => csv("consumption.csv", |out| answer.write_csv(out)),
    }
}

/// `GET /api/meters/{id}/power?what=&view=&date=&zone=&format=`: how power, voltage or current went.
pub(crate) async fn power(
    State(app): State<App>,
    Path(meter): Path<String>,
    visitor: Visitor,
    parameters: Parameters,
) -> Result<Response, Failure> {
    let asked = asked(parameters)?;
    let form = asked.form()?;
    let answer = course_of(&app, &visitor, meter, &asked).await?;
    match form {
        Form::Json => Ok(Json(answer).into_response()),
        Form::Csv => csv("power.csv", |out| answer.write_csv(out)),
    }
}

/// The parameters of an address, whose decoding may have failed.
pub(crate) fn asked(parameters: Parameters) -> Result<Asked, Failure> {
    let Query(asked) = parameters.map_err(|error| refused(error.body_text()))?;
    Ok(asked)
}

fn csv(
    name: &str,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), csv::Error>,
) -> Result<Response, Failure> {
    let mut text = Vec::new();
    write(&mut text).map_err(|error| Failure::Fault(error.to_string()))?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, text).into_response())
}

//! The numbers of a chart, as JSON or CSV.

use axum::{
    Json,
    extract::State,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::{
    asked::{Asked, Named},
    failure::{ErrorBody, Refused},
};
use crate::{
    app::App,
    chart::{self, Consumption, Course, Form, consumption_of, course_of},
    failure::Failure,
    visitor::Visitor,
};

/// Which chart is meant. What is not said is as on the page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// `energy` of what was used; `power`, `voltage` or `current` of what goes up and down.
    what: Option<String>,
    /// How long a time: `day`, `week` or `month`, and for energy `year` or `all`.
    #[param(pattern = "^(day|week|month|year|all)$")]
    view: Option<String>,
    /// A day of that time; without it, the one of the newest reading.
    #[param(format = Date)]
    date: Option<String>,
    /// Whose days are meant; without it, the visitor's own.
    #[param(example = "Europe/Prague")]
    zone: Option<String>,
    /// `json` or `csv`.
    #[param(pattern = "^(json|csv)$")]
    format: Option<String>,
}

impl From<Parameters> for chart::Asked {
    fn from(parameters: Parameters) -> Self {
        let Parameters { what, view, date, zone, format } = parameters;
        Self { meter: None, what, view, date, zone, format }
    }
}

/// What was used, by the hour, the day, the month or the year
#[utoipa::path(get, path = "/api/meters/{id}/consumption",
    params(("id" = String, Path, description = "The id of the meter"), Parameters),
    responses(
        (status = 200, description = "The energy, part by part", content(
            (Consumption = "application/json"), (String = "text/csv"),
        )),
        (status = 400, body = ErrorBody),
        (status = 404, description = "No such meter", body = ErrorBody),
        (status = 503, body = ErrorBody),
    ))]
pub(super) async fn consumption(
    State(app): State<App>,
    Named(meter): Named<String>,
    visitor: Visitor,
    Asked(parameters): Asked<Parameters>,
) -> Result<Response, Refused> {
    let asked = chart::Asked::from(parameters);
    let form = asked.form()?;
    let answer = consumption_of(&app, &visitor, meter, &asked).await?;
    told(answer, form, "consumption.csv", |answer, out| answer.write_csv(out))
}

/// How power, voltage or current went
#[utoipa::path(get, path = "/api/meters/{id}/power",
    params(("id" = String, Path, description = "The id of the meter"), Parameters),
    responses(
        (status = 200, description = "Power, unless another is asked for", content(
            (Course = "application/json"), (String = "text/csv"),
        )),
        (status = 400, body = ErrorBody),
        (status = 404, description = "No such meter", body = ErrorBody),
        (status = 503, body = ErrorBody),
    ))]
pub(super) async fn power(
    State(app): State<App>,
    Named(meter): Named<String>,
    visitor: Visitor,
    Asked(parameters): Asked<Parameters>,
) -> Result<Response, Refused> {
    let asked = chart::Asked::from(parameters);
    let form = asked.form()?;
    let answer = course_of(&app, &visitor, meter, &asked).await?;
    told(answer, form, "power.csv", |answer, out| answer.write_csv(out))
}

/// An answer in the form that was asked for; as a file of this name, if that is one.
fn told<T: Serialize>(
    answer: T,
    form: Form,
    name: &str,
    write_csv: impl FnOnce(&T, &mut Vec<u8>) -> Result<(), csv::Error>,
) -> Result<Response, Refused> {
    match form {
        Form::Json => Ok(Json(answer).into_response()),
        Form::Csv => Ok(csv(name, |out| write_csv(&answer, out))?),
    }
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

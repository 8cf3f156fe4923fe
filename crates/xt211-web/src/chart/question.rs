//! What is asked of a chart, as in an address.

use axum::http::StatusCode;
use jiff::{civil::Date, tz::TimeZone};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::{course::Quantity, period::View};
use crate::{failure::Failure, visitor::Visitor};

/// The part of an address behind the question mark.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Asked {
    pub(crate) meter: Option<String>,
    pub(crate) what: Option<String>,
    pub(crate) view: Option<String>,
    pub(crate) date: Option<String>,
    /// The visitor's own without it.
    pub(crate) zone: Option<String>,
    pub(crate) format: Option<String>,
}

/// What a chart is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum What {
    /// What was used, in kWh.
    Energy,
    /// What goes up and down.
    Course(Quantity),
}

impl What {
    pub(crate) const ALL: [Self; 4] = [
        Self::Energy,
        Self::Course(Quantity::Power),
        Self::Course(Quantity::Voltage),
        Self::Course(Quantity::Current),
    ];

    /// As in an address.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Energy => "energy",
            Self::Course(Quantity::Power) => "power",
            Self::Course(Quantity::Voltage) => "voltage",
            Self::Course(Quantity::Current) => "current",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Energy => "Energy",
            Self::Course(Quantity::Power) => "Power",
            Self::Course(Quantity::Voltage) => "Voltage",
            Self::Course(Quantity::Current) => "Current",
        }
    }

    /// What is shown of it. Curves of more than a month would be nothing but noise, and every
    /// single reading would have to be looked at.
    pub(crate) const fn views(self) -> &'static [View] {
        match self {
            Self::Energy => &View::ALL,
            Self::Course(_) => &[View::Day, View::Week, View::Month],
        }
    }
}

/// In which form to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Csv,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) what: What,
    pub(crate) view: View,
    /// A day of the period; the newest reading's without it.
    pub(crate) date: Option<Date>,
    pub(crate) zone: TimeZone,
}

impl Asked {
    pub(crate) fn read(&self, visitor: &Visitor) -> Result<Question, Failure> {
        let what = choice("what", self.what.as_deref(), &What::ALL, What::name)?;
        let view = choice("view", self.view.as_deref(), what.views(), View::name)?;
        Ok(Question { what, view, date: self.date()?, zone: self.zone(visitor)? })
    }

    /// In which form the numbers are asked for.
    pub(crate) fn form(&self) -> Result<Form, Failure> {
        choice("format", self.format.as_deref(), &[Form::Json, Form::Csv], |form| match form {
            Form::Json => "json",
            Form::Csv => "csv",
        })
    }

    /// The same, where only what goes up and down can be meant: power, unless another is named.
    pub(crate) fn read_course(&self, visitor: &Visitor) -> Result<(Question, Quantity), Failure> {
        let what = self.what.clone().unwrap_or_else(|| "power".into());
        let question = Self { what: Some(what), ..self.clone() }.read(visitor)?;
        match question.what {
            What::Course(quantity) => Ok((question, quantity)),
            What::Energy => {
                let expected = "expected one of: power, voltage, current.";
                Err(refused(format!("`what=energy` has no course; {expected}")))
            }
        }
    }

    fn date(&self) -> Result<Option<Date>, Failure> {
        let Some(text) = self.date.as_deref().filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let date = text.parse().map_err(|_| {
            refused(format!("`date={text}` is not a day; expected one like `date=2026-11-26`."))
        })?;
        Ok(Some(date))
    }

    fn zone(&self, visitor: &Visitor) -> Result<TimeZone, Failure> {
        let Some(name) = &self.zone else { return Ok(visitor.zone.clone()) };
        TimeZone::get(name).map_err(|_| {
            let hint = "expected one like `zone=Europe/Prague`.";
            refused(format!("`zone={name}` is not a time zone that is known; {hint}"))
        })
    }
}

/// One of a few, by its name; the first without one.
fn choice<T: Copy>(
    key: &str,
    text: Option<&str>,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, Failure> {
    let found = match text {
        None | Some("") => all.first(),
        Some(text) => all.iter().find(|one| name(**one) == text),
    };
    found.copied().ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|one| name(*one)).collect();
        let text = text.unwrap_or_default();
        refused(format!("`{key}={text}` cannot be shown; expected one of: {}.", names.join(", ")))
    })
}

pub(crate) fn refused(message: String) -> Failure {
    Failure::Refused(StatusCode::BAD_REQUEST, message)
}

/// The address of a chart of a meter, below the base.
pub(crate) fn address(meter: &str, what: What, view: View, date: Date) -> String {
    format!("charts?meter={}&{}", encoded(meter), parameters(what, view, date))
}

/// The address of a chart's numbers.
pub(crate) fn numbers_address(meter: &str, what: What, view: View, date: Date) -> String {
    let kind = match what {
        What::Energy => "consumption",
        What::Course(_) => "power",
    };
    format!("api/meters/{}/{kind}?{}", encoded(meter), parameters(what, view, date))
}

fn parameters(what: What, view: View, date: Date) -> String {
    // The API's numbers of a quantity are at one address, so `what` is always said.
    format!("what={}&view={}&date={date}", what.name(), view.name())
}

fn encoded(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: impl FnOnce(&mut Asked)) -> Result<Question, String> {
        let zone = TimeZone::get("Europe/Prague").unwrap();
        let (base, place, token) = Default::default();
        let visitor = Visitor { base, place, token, zone, can_leave: false };
        let mut asked = Asked::default();
        change(&mut asked);
        asked.read(&visitor).map_err(|failure| {
            assert_eq!(failure.status(), StatusCode::BAD_REQUEST);
            failure.message()
        })
    }

    #[test]
    fn what_is_asked() {
        let question = read(|_| ()).unwrap();
        assert_eq!((question.what, question.view), (What::Energy, View::Day));
        assert_eq!(question.date, None);
        assert_eq!(question.zone.iana_name(), Some("Europe/Prague"));
        let question = read(|asked| {
            asked.what = Some("voltage".into());
            asked.view = Some("month".into());
            asked.date = Some("2026-11-26".into());
            asked.zone = Some("Australia/Lord_Howe".into());
        });
        let question = question.unwrap();
        assert_eq!(question.what, What::Course(Quantity::Voltage));
        assert_eq!(question.view, View::Month);
        assert_eq!(question.date, Some(jiff::civil::date(2026, 11, 26)));
        assert_eq!(question.zone.iana_name(), Some("Australia/Lord_Howe"));
    }

    #[test]
    fn what_makes_no_sense() {
        let refused = |change: fn(&mut Asked)| read(change).unwrap_err();
        assert_eq!(
            refused(|asked| asked.what = Some("heat".into())),
            "`what=heat` cannot be shown; expected one of: energy, power, voltage, current."
        );
        assert_eq!(
            refused(|asked| {
                asked.what = Some("power".into());
                asked.view = Some("year".into());
            }),
            "`view=year` cannot be shown; expected one of: day, week, month."
        );
        assert_eq!(
            refused(|asked| asked.date = Some("2026-02-30".into())),
            "`date=2026-02-30` is not a day; expected one like `date=2026-11-26`."
        );
        assert_eq!(
            refused(|asked| asked.zone = Some("Europe/Prag".into())),
            "`zone=Europe/Prag` is not a time zone that is known; expected one like \
             `zone=Europe/Prague`."
        );
    }

    #[test]
    fn addresses() {
        let date = jiff::civil::date(2026, 11, 26);
        assert_eq!(
            address("a\"&b", What::Energy, View::Day, date),
            "charts?meter=a%22%26b&what=energy&view=day&date=2026-11-26"
        );
    }
}

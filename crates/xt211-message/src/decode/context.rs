//! What all parts of the decoder share: the input, the zone, and what went wrong where.

use std::cell::RefCell;

use serde::de;

use super::{
    excerpt::Segment,
    fault::{Fault, Part},
};
use crate::{ErrorKind, MessageError, Zone};

/// Carried by everything that serde calls, since its errors cannot hold ours: the error is kept
/// here, and a placeholder goes its way through serde.
pub(super) struct Context<'a, 'z> {
    input: &'a str,
    pub(super) zone: &'z dyn Zone,
    failure: RefCell<Failure>,
}

#[derive(Default)]
struct Failure {
    /// Grows from its end while an error comes up through the objects, so that it costs nothing
    /// before.
    place: String,
    problem: Option<Problem>,
}

struct Problem {
    kind: ErrorKind,
    detail: String,
    position: Option<(usize, usize)>,
}

impl<'a, 'z> Context<'a, 'z> {
    pub(super) fn new(input: &'a str, zone: &'z dyn Zone) -> Self {
        Self { input, zone, failure: RefCell::default() }
    }

    /// An error at the place that is being read.
    #[cold]
    pub(super) fn fail<E: de::Error>(&self, kind: ErrorKind, detail: String) -> E {
        self.keep(Problem { kind, detail, position: None })
    }

    /// An error about a value, of which this is the JSON.
    #[cold]
    pub(super) fn fault<E: de::Error>(&self, part: Part, fault: &Fault, found: &str) -> E {
        let position = self.position(found);
        self.keep(Problem { kind: fault.kind(part), detail: fault.detail(found), position })
    }

    fn keep<E: de::Error>(&self, problem: Problem) -> E {
        self.failure.borrow_mut().problem.get_or_insert(problem);
        E::custom("")
    }

    /// Notes that an error came from within a key.
    #[cold]
    pub(super) fn within<E>(&self, key: &str, error: E) -> E {
        self.failure.borrow_mut().place.insert_str(0, &Segment(key).to_string());
        error
    }

    /// The error that serde handed back.
    #[cold]
    pub(super) fn into_error(self, error: &serde_json::Error) -> MessageError {
        let Failure { place, problem } = self.failure.into_inner();
        let place = place.strip_prefix('.').map(str::to_owned).unwrap_or(place);
        let position = (error.line() > 0).then(|| (error.line(), error.column().max(1)));
        match problem {
            Some(Problem { kind, detail, position: exact }) => {
                MessageError::new(kind, place, detail, exact.or(position))
            }
            None => MessageError::new(ErrorKind::Syntax, place, error.to_string(), position),
        }
    }

    /// Line and column at which a part of the input begins.
    fn position(&self, part: &str) -> Option<(usize, usize)> {
        let offset = part.as_ptr().addr().checked_sub(self.input.as_ptr().addr())?;
        Some(position(self.input.get(..offset)?))
    }
}

/// Line and column, both from 1, of what follows a text.
pub(super) fn position(before: &str) -> (usize, usize) {
    let line = before.matches('\n').count() + 1;
    let column = before.rfind('\n').map_or(before.len(), |end| before.len() - end - 1) + 1;
    (line, column)
}

//! What is sent to change something: forms by our own pages, JSON by programs.

use axum::{
    Form,
    extract::{FromRequest, Request},
    http::StatusCode,
};
use serde::de::DeserializeOwned;

use crate::{failure::Failure, safety::is_same, visitor::Visitor};

/// The name of the field that shows that it was our own page that sent a form.
pub(crate) const TOKEN: &str = "token";

/// The fields of a form that our own page has sent, in order.
#[derive(Debug)]
pub(crate) struct Fields(pub(crate) Vec<(String, String)>);

impl Fields {
    /// The value of a field; of several of that name, the last.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let refused = |status, message: &str| Failure::Refused(status, message.into());
        let visitor = request.extensions().get::<Visitor>().cloned();
        let Form(fields) = Form::<Vec<(String, String)>>::from_request(request, state)
            .await
            .map_err(|error| refused(error.status(), &error.body_text()))?;
        let mut fields = Self(fields);
        let is_ours = match (visitor, fields.get(TOKEN)) {
            (Some(visitor), Some(token)) => is_same(visitor.token.as_bytes(), token.as_bytes()),
            _ => false,
        };
        if !is_ours {
            let message = "This form is from an older page: go back, load the page again, and \
                           send it once more.";
            return Err(refused(StatusCode::FORBIDDEN, message));
        }
        fields.0.retain(|(key, _)| key != TOKEN);
        Ok(fields)
    }
}

/// JSON that a program has sent. It has to say that it is JSON, which a page of somebody else
/// cannot without asking us first, and we never allow it.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        match axum::Json::from_request(request, state).await {
            Ok(axum::Json(it)) => Ok(Self(it)),
            Err(error) => Err(Failure::Refused(error.status(), error.body_text())),
        }
    }
}

//! What a page of ours sends.

use axum::{
    Form,
    extract::{FromRequest, Request},
    http::StatusCode,
};

use crate::{failure::Failure, visitor::Visitor};

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
        let is_ours =
            visitor.is_some_and(|visitor| fields.get(TOKEN) == Some(visitor.token.as_str()));
        if !is_ours {
            let message = "This form is from an older page: go back, load the page again, and \
                           send it once more.";
            return Err(refused(StatusCode::FORBIDDEN, message));
        }
        fields.0.retain(|(key, _)| key != TOKEN);
        Ok(fields)
    }
}

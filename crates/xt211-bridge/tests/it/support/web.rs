//! Somebody who looks at the page without a browser.

use reqwest::{Client, Response, StatusCode, header, redirect::Policy};

use super::Bridge;

/// Somebody who looks at the page of a bridge, on the same machine.
pub(crate) struct Visitor {
    client: Client,
    base: String,
    cookie: String,
    token: String,
}

impl Visitor {
    /// Looks at the page of a bridge.
    pub(crate) async fn of(bridge: &Bridge) -> Self {
        Self::at(&bridge.page().await).await
    }

    /// Looks at the page at an address.
    pub(crate) async fn at(base: &str) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let mut visitor =
            Self { client, base: base.into(), cookie: String::new(), token: String::new() };
        let answer = visitor.ask("/settings").await;
        let cookies = answer.headers().get_all(header::SET_COOKIE).iter();
        let pairs = cookies.filter_map(|cookie| cookie.to_str().unwrap().split(';').next());
        visitor.cookie = pairs.collect::<Vec<_>>().join("; ");
        let page = answer.text().await.unwrap();
        let token = page.split_once("name=\"token\" content=\"").map(|(_, rest)| rest);
        visitor.token = token.and_then(|rest| rest.split('"').next()).unwrap_or_default().into();
        visitor
    }

    /// Where the page is, without a slash at the end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) async fn ask(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.base));
        request.header(header::COOKIE, &self.cookie).send().await.unwrap()
    }

    /// What is at an address, which has to be there.
    pub(crate) async fn read(&self, path: &str) -> String {
        let answer = self.ask(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    }

    /// Sends a form, as the page does.
    pub(crate) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
        let token = ("token", self.token.as_str());
        let fields = fields.iter().chain([&token]);
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields {
            body.append_pair(name, value);
        }
        let request = self.client.post(format!("{}{path}", self.base));
        let answer = request
            .header(header::COOKIE, &self.cookie)
            .header(header::ORIGIN, &self.base)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.finish())
            .send()
            .await
            .unwrap();
        (answer.status(), answer.text().await.unwrap())
    }
}

//! A browser that looks at Home Assistant's pages.

use serde_json::{Value, json};

use crate::{HomeAssistant, configuration::TOKEN, support::browser::Browser};

/// Opens a page of Home Assistant, as its user, in a browser that remembers these choices of hers.
pub(crate) async fn open(
    home_assistant: &HomeAssistant,
    path: &str,
    choices: &[(&str, &str)],
) -> Browser {
    let mut browser = Browser::start().await;
    // How it was installed is nothing that people have to be reminded of on each page.
    home_assistant
        .call(json!({
            "type": "repairs/ignore_issue",
            "domain": "homeassistant",
            "issue_id": "deprecated_method",
            "ignore": true,
        }))
        .await;
    let url = home_assistant.url();
    let tokens = json!({
        "access_token": TOKEN,
        "token_type": "Bearer",
        "refresh_token": "",
        "expires_in": 1_000_000_000,
        "expires": 10_000_000_000_000_u64,
        "hassUrl": url,
        "clientId": format!("{url}/"),
    });
    let tokens = tokens.to_string();
    // The menu's icons are enough.
    let always = [("hassTokens", &*tokens), ("dockedSidebar", "\"auto\"")];
    let set = |(key, value): &(&str, &str)| {
        let [key, value] = [key, value].map(|text| Value::from(*text));
        format!("localStorage.setItem({key}, {value});")
    };
    let script: String = choices.iter().chain(&always).map(set).collect();
    browser.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    browser.call("Page.navigate", json!({ "url": format!("{url}{path}") })).await;
    browser
}

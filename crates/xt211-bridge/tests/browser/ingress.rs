//! The page within Home Assistant, below a path and for its own users only.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    heard, look_at,
    supervisor::{ADDRESS, PATH, Supervisor},
    support::{
        self, Bridge, Client, Mosquitto,
        browser::{Browser, chromium},
        eventually, message,
        packages::{program, program_of},
        topic::DATA,
    },
};

/// The supervisor's address is one of this machine, but only for the test.
const PREPARE: &str = r#"
    ip link set lo up
    ip address add "$0/32" dev lo
"#;

/// What a page leads to and is made of, and where its forms go.
const ADDRESSES: &str = "[
    [...document.querySelectorAll('[href], [src]')].map(it => it.href ?? it.src),
    [...document.forms].map(it => it.action),
]";

fn install() -> std::ffi::OsString {
    program("mosquitto");
    program_of(&["iproute2"], "ip");
    chromium();
    ADDRESS.to_string().into()
}

#[test]
#[ignore = "needs Chromium: cargo test -p xt211-bridge --test browser -- --ignored"]
fn everything_is_below_the_path() {
    support::alone(PREPARE, install, async || {
        let mosquitto = Mosquitto::start().await;
        let web = "[web]\nlisten = \"127.0.0.1:0\"\ningress = true\n";
        let bridge = Bridge::start(&format!("{}{web}", mosquitto.section())).await;
        let page = bridge.page().await;
        let supervisor =
            Supervisor::start(page.strip_prefix("http://").unwrap().parse().unwrap()).await;
        let client = Client::connect(&mosquitto).await;
        client.publish_all(DATA, (0..60).map(message)).await;
        client.publish(DATA, "noise").await;

        // It is in a frame of Home Assistant's page.
        let mut browser = Browser::start().await;
        browser.screen([1100, 900], "light").await;
        browser.visit(&supervisor.url()).await;
        eventually("it in the frame", async || {
            let text = browser.evaluate("frames[0].document.querySelector('h1')?.textContent");
            (text.await == "Overview").then_some(())
        })
        .await;

        // What is shown stays fresh, in both kinds of streams of events.
        let base = format!("{}{PATH}", supervisor.url());
        browser.visit(&format!("{base}/")).await;
        browser.shows(&["159 kWh"]).await;
        client.publish(DATA, message(60)).await;
        browser.shows(&["160 kWh"]).await;
        browser.visit(&format!("{base}/setup/meters")).await;
        heard(&mut browser, &["other/data"], async || {
            client.publish("other/data", message(0)).await;
        })
        .await;

        let found = walk(&mut browser, &base).await;
        for address in ["/charts", "/set-aside/1", "/settings", "/setup/done", "/api/openapi.json"]
        {
            assert!(found.contains(&format!("{base}{address}")), "{address}: {found:#?}");
        }

        // Forms, with scripts and without.
        browser.visit(&format!("{base}/settings")).await;
        browser.write("[name='store.keep_days']", "77").await;
        browser.click("#store-form button[value=save]").await;
        browser.shows(&["Saved. It is in effect."]).await;
        let here = browser.evaluate("location.href").await;
        assert!(here.as_str().unwrap().starts_with(&format!("{base}/settings")), "{here}");
        browser.visit(&format!("{base}/set-aside")).await;
        browser.click("#entry-1 button.danger").await;
        browser.shows(&["Nothing is set aside"]).await;
        assert_eq!(browser.evaluate("location.href").await, format!("{base}/set-aside"));
        assert_eq!(browser.complaints(), [] as [&str; 0]);

        // Whoever comes another way is told how to come.
        look_at(&bridge, "/").await.shows(&["Forbidden", "to be opened from Home Assistant"]).await;
    });
}

/// Goes to every page and follows whatever it finds on them. Returns all that it has found.
async fn walk(browser: &mut Browser, base: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut ahead = vec![format!("{base}/"), format!("{base}/setup"), format!("{base}/api")];
    while let Some(address) = ahead.pop() {
        browser.visit(&address).await;
        let [links, forms] =
            serde_json::from_value::<[Vec<String>; 2]>(browser.evaluate(ADDRESSES).await).unwrap();
        for next in links.iter().chain(&forms) {
            assert!(next.starts_with(base), "{next} on {address}");
        }
        for next in links {
            let next = next.split('#').next().unwrap().to_owned();
            if !found.insert(next.clone()) {
                continue;
            }
            let answer = browser.evaluate(&follow(&next)).await;
            let [status, end, kind] = [0, 1, 2].map(|at| &answer[at]);
            let is_below = end.as_str().unwrap().starts_with(base);
            assert!(*status == 200 && is_below, "{next}: {answer}");
            // Each chart is like the others, whatever it shows.
            let is_page = kind.as_str().unwrap().starts_with("text/html");
            if is_page && !next.contains("date=") {
                ahead.push(next);
            }
        }
    }
    found
}

/// Gets what is at an address, as a browser that goes there: status, address in the end, and kind.
fn follow(address: &str) -> String {
    format!(
        "fetch({}, {{ headers: {{ accept: 'text/html' }} }})
            .then(it => [it.status, it.url, it.headers.get('content-type')])",
        Value::from(address)
    )
}

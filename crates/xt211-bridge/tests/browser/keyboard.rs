//! Without a mouse.

use crate::{
    ANYWHERE, look_at,
    support::{Bridge, Mosquitto, browser::Browser},
};

/// Where the focus is, and whether that is seen.
const FOCUS: &str = "(() => {
    const it = document.activeElement;
    const box = it.getBoundingClientRect();
    const style = getComputedStyle(it);
    const isSeen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
        && box.width > 0 && box.left >= 0 && box.top >= 0
        && box.right <= innerWidth && box.bottom <= innerHeight;
    return [it.name || it.id || it.textContent.trim(), isSeen];
})()";

/// The most that one has to go through to get somewhere on a page.
const FAR: usize = 80;

#[tokio::test]
#[ignore = "needs Chromium: cargo test -p xt211-bridge --test browser -- --ignored"]
async fn the_first_step_and_a_setting() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::launch(ANYWHERE, "info");
    let mut page = look_at(&bridge, "/").await;
    page.shows(&["Where is your MQTT broker?"]).await;

    // The way around the menu leads right to the first thing that can be done.
    page.key("Tab").await;
    assert_eq!(focus(&mut page).await, "To the content");
    page.key("Enter").await;
    page.key("Tab").await;
    assert_eq!(focus(&mut page).await, "Broker");

    tab_to(&mut page, "mqtt.url").await;
    page.insert(&mosquitto.url()).await;
    page.key("Enter").await;
    page.shows(&["No meter was heard yet"]).await;
    bridge.connected(1).await;

    page.visit(&format!("{}/settings", bridge.page().await)).await;
    tab_to(&mut page, "store.keep_days").await;
    page.insert("0").await;
    page.key("Enter").await;
    page.shows(&["Must be at least 1"]).await;
    // One is where it is wrong.
    assert_eq!(focus(&mut page).await, "store.keep_days");
    page.evaluate("document.activeElement.select()").await;
    page.insert("77").await;
    page.key("Enter").await;
    page.shows(&["Saved. It is in effect."]).await;
    assert_eq!(page.complaints(), [] as [&str; 0]);
}

/// Presses Tab until the focus is on something, which is seen all the way.
async fn tab_to(page: &mut Browser, name: &str) {
    let mut passed = Vec::new();
    while passed.last().is_none_or(|last| last != name) {
        assert!(passed.len() < FAR, "{name} cannot be got to: {passed:#?}");
        page.key("Tab").await;
        passed.push(focus(page).await);
    }
}

/// Where the focus is, which has to be seen.
async fn focus(page: &mut Browser) -> String {
    let focus = page.evaluate(FOCUS).await;
    assert_eq!(focus[1], true, "the focus on {} is not seen", focus[0]);
    focus[0].as_str().unwrap().to_owned()
}

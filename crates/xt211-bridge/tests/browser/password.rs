//! A page that asks for a password.

use crate::{
    look_at,
    support::{Bridge, Mosquitto, eventually, free_port},
};

#[tokio::test]
#[ignore = "needs Chromium: cargo test -p xt211-bridge --test browser -- --ignored"]
async fn from_setting_one_to_logging_out() {
    let mosquitto = Mosquitto::start().await;
    let web = format!("[web]\nlisten = \"127.0.0.1:{}\"\n", free_port());
    let bridge = Bridge::start(&(mosquitto.section() + &web)).await;
    let base = bridge.page().await;
    let mut page = look_at(&bridge, "/settings").await;

    // Other machines see it only with one.
    page.write("[name='web.listen']", &format!("0.0.0.0:{}", free_port())).await;
    page.click("#web-form button[value=save]").await;
    page.shows(&["Lets other machines see the page"]).await;
    page.visit(&format!("{base}/settings")).await;
    page.write("[name='web.password']", "correct horse").await;
    page.click("#web-form button[value=save]").await;
    page.shows(&["Log in", "Password"]).await;

    // A wrong one is refused, and leads nowhere.
    page.visit(&format!("{base}/charts?what=energy&view=month")).await;
    page.write("#password", "battery staple").await;
    page.key("Enter").await;
    page.shows(&["The password is wrong."]).await;
    eventually("the focus back in the field", async || {
        let id = page.evaluate("document.activeElement.id").await;
        (id == "password").then_some(())
    })
    .await;

    // The right one leads to where one wanted to go.
    page.write("#password", "correct horse").await;
    page.click("main button").await;
    page.shows(&["Charts", "Log out"]).await;
    let there = format!("{base}/charts?what=energy&view=month");
    assert_eq!(page.evaluate("location.href").await, there);

    page.click(".top form button").await;
    page.shows(&["Log in"]).await;
    page.visit(&format!("{base}/settings")).await;
    let read = page.shows(&["Log in"]).await;
    assert!(!read.contains("Broker"), "{read}");
    // What was seen before is not shown again by going back.
    page.evaluate("history.go(-2)").await;
    page.shows(&["Log in"]).await;
    assert_eq!(page.complaints(), [] as [&str; 0]);
}

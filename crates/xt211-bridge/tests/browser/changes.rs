//! What is changed while it runs.

use std::time::Duration;

use crate::{
    ANYWHERE, look_at,
    support::{Bridge, Client, Mosquitto, eventually, lines, message},
};

#[tokio::test]
#[ignore = "needs Chromium: cargo test -p xt211-bridge --test browser -- --ignored"]
async fn another_data_topic_while_messages_flow() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&format!("{}\n{ANYWHERE}", mosquitto.section())).await;
    let mut page = look_at(&bridge, "/settings").await;
    page.write("[name='meter.0.data_topic']", "cellar/data").await;

    let client = Client::connect(&mosquitto).await;
    // What comes to the topic that stays goes on all the time.
    let flowing = async {
        for minutes in 200..500 {
            client.publish("elektromer/status", message(minutes)).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let changing = async {
        // All of these are at the broker before the change, and not all of them with us.
        let client = Client::connect(&mosquitto).await;
        client.publish_all("elektromer/data", (0..200).map(message)).await;
        page.click("#meter-0-form button[value=save]").await;
        page.shows(&["Saved. It is in effect."]).await;
        client.publish_all("cellar/data", (500..600).map(message)).await;
    };
    tokio::join!(flowing, changing);

    let kept = eventually("all readings", async || {
        let kept: Vec<_> = bridge.printed("export").await.lines().map(String::from).collect();
        (kept.len() >= 600).then_some(kept)
    })
    .await;
    assert_eq!(kept, lines(0..600));
    assert_eq!(bridge.printed("set-aside list").await, "nothing is set aside\n");
    assert_eq!(page.complaints(), [] as [&str; 0]);
}

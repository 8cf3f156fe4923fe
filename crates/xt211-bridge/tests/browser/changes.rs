//! What is changed while it runs.

use std::time::Duration;

use crate::{
    ANYWHERE, look_at,
    support::{Bridge, Client, Mosquitto, eventually, lines, message},
};

#[tokio::test]
#[ignore = "needs Chromium: cargo test -p xt211-bridge --test browser -- --ignored"]
async fn another_data_topic_while_messages_flow() {
    const COUNT: i64 = 400;
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&format!("{}\n{ANYWHERE}", mosquitto.section())).await;
    let mut page = look_at(&bridge, "/settings").await;

    // A module that is told to use another topic in the middle.
    let client = Client::connect(&mosquitto).await;
    let sending = async {
        for minutes in 0..COUNT {
            let topic = if minutes < COUNT / 2 { "elektromer/data" } else { "cellar/data" };
            if minutes == COUNT / 2 {
                bridge.logs("the new configuration is applied").await;
            }
            client.publish(topic, message(minutes)).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let changing = async {
        page.write("[name='meter.0.data_topic']", "cellar/data").await;
        page.click("#meter-0-form button[value=save]").await;
        page.shows(&["Saved. It is in effect."]).await;
    };
    tokio::join!(sending, changing);

    let kept = eventually("all readings", async || {
        let kept: Vec<_> = bridge.printed("export").await.lines().map(String::from).collect();
        (kept.len() as i64 >= COUNT).then_some(kept)
    })
    .await;
    assert_eq!(kept, lines(0..COUNT));
    assert_eq!(bridge.printed("set-aside list").await.lines().count(), 0);
    assert_eq!(page.complaints(), [] as [&str; 0]);
}

//! What passes, in lines that fit a terminal.

use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use time::UtcOffset;
use xt211_message::{Message, Value};

/// The longest line that most terminals show whole, less the column in front.
const WIDTH: usize = 100;

/// Listens to everything on the broker and prints it.
pub(super) async fn show(mut options: MqttOptions) {
    options.set_max_packet_size(1 << 20, 1 << 20);
    let (client, mut event_loop) = AsyncClient::new(options, 10);
    loop {
        match event_loop.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                let _ = client.try_subscribe("#", QoS::AtMostOnce);
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                print(&publish.topic, &summary(&publish.topic, &publish.payload));
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
}

/// Prints one line, cut to fit.
pub(super) fn print(place: &str, text: &str) {
    let text = match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into(),
    };
    println!("{place:<24} {text}");
}

fn summary(topic: &str, payload: &[u8]) -> String {
    if topic.starts_with("homeassistant/") {
        return discovery(payload).unwrap_or_default();
    }
    match Message::decode(payload, &UtcOffset::UTC) {
        Ok(message) => module(&message),
        Err(_) => String::from_utf8_lossy(payload).into_owned(),
    }
}

fn discovery(payload: &[u8]) -> Option<String> {
    let discovery: serde_json::Value = serde_json::from_slice(payload).ok()?;
    let name = discovery.pointer("/device/name")?.as_str()?;
    let entities = discovery.get("components")?.as_object()?.len();
    Some(format!("discovery: {name}, {entities} entities"))
}

fn module(message: &Message<'_>) -> String {
    let mut parts = Vec::new();
    if let Some(reading) = &message.reading {
        let values = reading.registers.iter().filter_map(|register| {
            let unit = register.code.meaning()?.unit();
            match &register.value {
                Value::Number(number) => Some(format!("{} {number} {unit}", register.code)),
                Value::Text(_) => None,
            }
        });
        let (hour, minute, second) = reading.time.to_hms();
        parts.push(format!("reading of {hour:02}:{minute:02}:{second:02} UTC:"));
        parts.extend(values);
    }
    if let Some(status) = &message.status {
        let text = status.status.as_deref().unwrap_or("?");
        parts.push(format!("status {text}, {} wake-ups", status.wakeups.unwrap_or_default()));
    }
    if let Some(soc) = message.battery.and_then(|battery| battery.soc) {
        parts.push(format!("battery {soc} %"));
    }
    parts.join("  ")
}

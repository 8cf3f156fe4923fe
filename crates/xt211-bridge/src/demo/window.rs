//! What passes, in lines that fit a terminal.

use std::{
    fmt,
    io::{self, Write as _},
    time::Duration,
};

use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use time::UtcOffset;
use tokio::sync::{Notify, oneshot};
use xt211_message::{Message, Reading, Value};
use xt211_obis::ObisCode;

/// The longest line that most terminals show whole, less the column in front.
const WIDTH: usize = 100;

/// Told when a line cannot be shown.
static CLOSED: Notify = Notify::const_new();

/// Listens to everything on the broker and prints it.
pub(super) async fn show(mut options: MqttOptions, ready: oneshot::Sender<()>) {
    let mut ready = Some(ready);
    options.set_max_packet_size(1 << 20, 1 << 20);
    let (client, mut event_loop) = AsyncClient::new(options, 10);
    loop {
        match event_loop.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                let _ = client.try_subscribe("#", QoS::AtMostOnce);
            }
            Ok(Event::Incoming(Packet::SubAck(_))) => {
                // If nobody waits for that any more, the demo is over.
                let _ = ready.take().map(|ready| ready.send(()));
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                print(&publish.topic, &summary(&publish.topic, &publish.payload));
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Prints one line, cut to fit.
pub(super) fn print(place: &str, text: &str) {
    let text = match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into(),
    };
    show_line(format_args!("{place:<40} {text}"));
}

/// Shows a line, and returns whether anybody looks.
pub(super) fn show_line(line: fmt::Arguments<'_>) -> bool {
    let is_shown = writeln!(io::stdout(), "{line}").is_ok();
    if !is_shown {
        CLOSED.notify_one();
    }
    is_shown
}

/// Waits until nobody looks any more (`demo | head`).
pub(super) async fn closed() {
    CLOSED.notified().await;
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

/// The two that say most, and how many more there are.
fn registers(reading: &Reading<'_>) -> String {
    let shown = [ObisCode::reduced(16, 7, 0), ObisCode::reduced(1, 8, 0)];
    let words = shown.iter().filter_map(|code| {
        let meaning = code.meaning()?;
        match reading.registers.get(*code)? {
            Value::Number(number) => {
                Some(format!("{} {number} {}", meaning.name(), meaning.unit()))
            }
            Value::Text(_) => None,
        }
    });
    let words: Vec<_> = words.collect();
    format!(
        "{}, and {} more",
        words.join(", "),
        reading.registers.len().saturating_sub(words.len())
    )
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
        let (hour, minute, second) = reading.time.to_hms();
        parts.push(format!("reading of {hour:02}:{minute:02}:{second:02} UTC: "));
        parts.push(registers(reading));
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

//! A simulated XT211 with its module, which behaves as the real firmware does: it wakes now and
//! then, queues a reading each time, connects only on every few wakes, and then sends its whole
//! queue again, oldest first, with its status and battery behind it.

use std::{collections::VecDeque, f64::consts::TAU, time::Duration};

use rumqttc::{AsyncClient, Event, MqttOptions, Outgoing, QoS};
use serde_json::{Map, Value, json};
use time::{
    OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description,
};
use tokio::sync::oneshot;

/// The real module sleeps for 3 to 15 minutes.
const SLEEP: Duration = Duration::from_secs(3);

/// It connects on every so many wakes.
const WAKES_A_CONNECTION: u64 = 3;

/// How many readings it keeps. The real module keeps 100.
const QUEUE: usize = 20;

/// The pause between two messages, as the real module makes it.
const PAUSE: Duration = Duration::from_millis(100);

/// How far apart the readings are that it brings along from before the demo.
const BEFORE: time::Duration = time::Duration::minutes(15);

const READING_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short] [year]-[month]-[day] [hour]:[minute]:[second] GMT");
const SENDING_TIME: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short] [month repr:short] [day padding:space] [hour]:[minute]:[second] [year]"
);

/// Wakes, reads and sends for ever.
pub(super) async fn run(options: MqttOptions, start: oneshot::Receiver<()>) {
    // If nobody says when, it is now.
    let _ = start.await;
    let mut meter = Meter::new(OffsetDateTime::now_utc() - BEFORE * 19);
    let mut queue: VecDeque<Value> = (0..18).map(|_| meter.read(meter.time + BEFORE)).collect();
    for wakeups in 1.. {
        queue.push_back(meter.read(OffsetDateTime::now_utc()));
        while queue.len() > QUEUE {
            queue.pop_front();
        }
        if wakeups % WAKES_A_CONNECTION == 1 {
            send(&options, &queue, &status(wakeups), &battery(wakeups)).await;
        }
        tokio::time::sleep(SLEEP).await;
    }
}

/// Connects, sends everything, and disconnects.
async fn send(options: &MqttOptions, queue: &VecDeque<Value>, status: &Value, battery: &Value) {
    let (client, mut event_loop) = AsyncClient::new(options.clone(), 10);
    let messages: Vec<_> = queue
        .iter()
        .map(|reading| ("elektromer/data", reading.to_string()))
        .chain([status, battery].map(|state| ("elektromer/status", state.to_string())))
        .collect();
    let talk = async {
        for (topic, message) in messages {
            let _ = client.publish(topic, QoS::AtLeastOnce, false, message).await;
            tokio::time::sleep(PAUSE).await;
        }
        let _ = client.disconnect().await;
    };
    let listen = async {
        loop {
            match event_loop.poll().await {
                Ok(Event::Outgoing(Outgoing::Disconnect)) => break,
                Ok(_) => {}
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    };
    tokio::join!(talk, listen);
}

/// A house that uses more in the evening, with two tariffs.
struct Meter {
    time: OffsetDateTime,
    /// In kWh.
    tariffs: [f64; 2],
}

impl Meter {
    fn new(time: OffsetDateTime) -> Self {
        Self { time, tariffs: [1338.005, 6031.061] }
    }

    /// Lets time pass, and reads the registers.
    fn read(&mut self, time: OffsetDateTime) -> Value {
        let watts = power(time);
        let kilowatt_hours = watts / 1_000.0 * (time - self.time).as_seconds_f64() / 3_600.0;
        let [night, day] = &mut self.tariffs;
        *(if is_night(time) { night } else { day }) += kilowatt_hours;
        self.time = time;
        let [night, day] = self.tariffs;

        let mut values = Map::new();
        let mut set = |code: &str, value: f64| {
            values.insert(code.into(), json!((value * 1_000.0).round() / 1_000.0));
        };
        set("1.8.0", night + day);
        set("1.8.1", night);
        set("1.8.2", day);
        set("2.8.0", 112.4);
        set("16.7.0", watts.round());
        for (phase, share) in [(1, 0.5), (2, 0.3), (3, 0.2)] {
            let volts = 230.0 + fastrand::f64() * 3.0;
            set(&format!("{}.7.0", 12 + 20 * phase), (volts * 10.0).round() / 10.0);
            set(
                &format!("{}.7.0", 11 + 20 * phase),
                (watts * share / volts * 100.0).round() / 100.0,
            );
        }
        set("14.7.0", 49.95 + fastrand::f64() / 10.0);
        values.insert("96.1.1".into(), json!("5100025085"));
        values.insert("96.14.0".into(), json!(if is_night(time) { "T1" } else { "T2" }));
        json!({
            "datetime": text(OffsetDateTime::now_utc(), SENDING_TIME),
            "data": {
                "reading_datetime": text(time, READING_TIME),
                "first_boot": false,
                "values": values,
            },
        })
    }
}

/// In watts: a base, a wave over the day, and the fridge.
fn power(time: OffsetDateTime) -> f64 {
    let hour = f64::from(time.hour()) + f64::from(time.minute()) / 60.0;
    let evening = (TAU * (hour - 13.0) / 24.0).sin().max(0.0) * 900.0;
    let fridge = if time.minute() % 20 < 8 { 90.0 } else { 0.0 };
    180.0 + evening + fridge + fastrand::f64() * 40.0
}

fn is_night(time: OffsetDateTime) -> bool {
    !(6..22).contains(&time.hour())
}

fn status(wakeups: u64) -> Value {
    json!({
        "datetime": text(OffsetDateTime::now_utc(), SENDING_TIME),
        "Status": {
            "Status": "OK",
            "StatusText": "After wakeup",
            "Resets": 1,
            "Wakeups": 1_000 + wakeups,
            "LastWait": 8,
            "FirstBootTime": "Tue 2026-02-10 12:07:07 GMT",
            "BuildDatetime": "2026-04-26 10:14:34",
            "Wifi": format!("-{}", 68 + fastrand::u8(0..8)),
            "NTPDrift": "0.02",
        },
    })
}

fn battery(wakeups: u64) -> Value {
    let charge = 80.0 - f64::from(u32::try_from(wakeups).unwrap_or(u32::MAX)) / 50.0;
    json!({
        "datetime": text(OffsetDateTime::now_utc(), SENDING_TIME),
        "battery": { "Voltage": 3.5 + charge / 200.0, "SOC": charge.max(0.0) },
    })
}

fn text(time: OffsetDateTime, format: &[BorrowedFormatItem<'_>]) -> String {
    // Cannot fail: the formats ask for nothing that a time does not have.
    time.to_offset(UtcOffset::UTC).format(format).unwrap_or_default()
}
